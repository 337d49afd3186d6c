#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace fmcp::core::log {
namespace {

constexpr std::size_t max_line = 8 * 1024;
constexpr std::size_t max_value = 512;

std::atomic<level> threshold{level::info};

spdlog::level::level_enum to_spdlog(level l) noexcept {
   switch (l) {
   case level::trace: return spdlog::level::trace;
   case level::debug: return spdlog::level::debug;
   case level::info: return spdlog::level::info;
   case level::warn: return spdlog::level::warn;
   case level::error: return spdlog::level::err;
   case level::critical: return spdlog::level::critical;
   case level::off: break;
   }
   return spdlog::level::off;
}

spdlog::logger& logger() {
   // Never destroyed: threads of plugins may still log while the process exits.
   static spdlog::logger& instance = *[] {
      auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
      auto* l = new spdlog::logger("fastmcp-host", std::move(sink));
      l->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
      l->set_level(spdlog::level::trace);
      l->flush_on(spdlog::level::trace);
      return l;
   }();
   return instance;
}

} // namespace

void set_level(level l) noexcept {
   threshold.store(l, std::memory_order_relaxed);
}

bool enabled(level l) noexcept {
   return l >= threshold.load(std::memory_order_relaxed);
}

bool parse_level(std::string_view text, level& out) noexcept {
   struct row {
      std::string_view name;
      level value;
   };
   static constexpr std::array rows{row{"trace", level::trace},  row{"debug", level::debug},
                                    row{"info", level::info},    row{"warn", level::warn},
                                    row{"warning", level::warn}, row{"error", level::error},
                                    row{"off", level::off},      row{"critical", level::critical}};
   for (const auto& r : rows) {
      if (iequals(text, r.name)) {
         out = r.value;
         return true;
      }
   }
   return false;
}

void write(level l, std::string_view room, std::string_view text) noexcept {
   if (!enabled(l) || l == level::off) return;
   try {
      std::string line;
      line.reserve(room.size() + text.size() + 2);
      line.append(room).append(": ");
      append_printable(line, utf8_truncated(text, max_line));
      logger().log(to_spdlog(l), line);
   } catch (const std::exception&) {
      // Nothing is left to report to: standard error itself failed.
   }
}

std::string kv(std::string_view key, std::string_view value) {
   auto rest = utf8_truncated(value, max_value);
   const bool is_cut = rest.size() < value.size();
   std::string out;
   out.reserve(key.size() + rest.size() + 3);
   out.append(key).append("=\"");
   while (!rest.empty()) {
      const auto plain = std::min(rest.find_first_of("\"\\"), rest.size());
      append_printable(out, rest.substr(0, plain));
      rest.remove_prefix(plain);
      if (rest.empty()) break;
      out.append({'\\', rest.front()});
      rest.remove_prefix(1);
   }
   if (is_cut) out.append("…");
   out.push_back('"');
   return out;
}

} // namespace fmcp::core::log
