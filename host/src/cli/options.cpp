#include "cli/options.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "config/parse.hpp"
#include "config/table.hpp"

namespace fmcp::cli {
namespace {

class parser {
public:
   explicit parser(const grammar& g) : grammar_(g) {
      app_.set_help_flag();
      app_.allow_extras();
      help_ = app_.add_flag("-h,--help");
      known_.emplace_back("--help");
      for (const auto s : g.switches) {
         switches_.emplace_back(s, app_.add_flag(std::string(s)));
         known_.emplace_back(s);
      }
      for (const auto v : g.valued) {
         auto* option = app_.add_option(std::string(v));
         option->take_all()->allow_extra_args(false);
         values_.emplace_back(v, option);
         known_.emplace_back(v);
      }
      for (const auto& s : config::table()) {
         if (s.flag.empty() || s.is_positional()) continue;
         if (!g.takes_settings && std::ranges::find(g.settings, s.name) == g.settings.end())
            continue;
         const std::string names = s.short_flag == 0 ? std::string(s.flag)
                                                     : fmt::format("-{},{}", s.short_flag, s.flag);
         auto* option =
               s.kind == config::kind::boolean ? app_.add_flag(names) : app_.add_option(names);
         option->take_all()->allow_extra_args(false);
         settings_.emplace_back(&s, option);
         known_.push_back(s.flag);
      }
   }

   core::result<options> run(const std::vector<std::string>& words) {
      // Behind "--" everything is an operand, also what begins with a dash.
      const auto fence = std::ranges::find(words, "--");
      std::vector<std::string> reversed(words.begin(), fence);
      std::ranges::reverse(reversed);
      try {
         app_.parse(reversed);
      } catch (const CLI::ArgumentMismatch& e) {
         return refuse(value_missing(e, words));
      } catch (const CLI::ParseError& e) {
         return refuse(std::string(e.what()) + ".");
      }
      options out;
      out.wants_help = help_->count() > 0;
      for (const auto& [name, option] : switches_) {
         if (option->count() > 0) out.switches.emplace_back(name);
      }
      for (const auto& [name, option] : values_) {
         for (const auto& text : option->results()) out.values.emplace_back(name, text);
      }
      for (const auto& [s, option] : settings_) {
         for (const auto& text : option->results()) out.flags.emplace_back(s->name, text);
      }
      auto operands = app_.remaining();
      for (const auto& word : operands) {
         if (word.size() > 1 && word.front() == '-') return refuse(unknown(word));
      }
      if (fence != words.end()) operands.insert(operands.end(), fence + 1, words.end());
      if (auto ok = place(operands, out); !ok) return std::unexpected(ok.error());
      return out;
   }

private:
   static std::unexpected<core::error> refuse(std::string message) {
      return core::fail(core::errc::invalid, std::move(message));
   }

   std::string unknown(std::string_view word) const {
      const auto name = word.substr(0, word.find('='));
      return fmt::format("There is no option {}.{}", config::shown(name),
                         config::suggestion(name, known_));
   }

   /// CLI11 says "--port: 1 required TEXT missing".
   static std::string value_missing(const CLI::ArgumentMismatch& e,
                                    const std::vector<std::string>& words) {
      const std::string_view what = e.what();
      const auto name = what.substr(0, what.find(':'));
      const bool is_there = std::ranges::find(words, name) != words.end();
      return fmt::format("The option {} needs a value.",
                         is_there || name.starts_with("-") ? name : words.back());
   }

   core::result<void> place(std::vector<std::string>& operands, options& out) const {
      if (out.wants_help) return {};
      if (!grammar_.operand.empty()) {
         if (operands.size() != 1) {
            return refuse(fmt::format("Exactly one {} is needed, and {} {} given.",
                                      grammar_.operand, operands.size(),
                                      operands.size() == 1 ? "was" : "were"));
         }
         out.operand = operands.front();
         return {};
      }
      if (!grammar_.operands.empty()) {
         if (operands.size() < grammar_.min_operands) {
            return refuse(fmt::format("{} are needed, and {} was given.", grammar_.operands,
                                      operands.empty() ? "nothing" : "less"));
         }
         out.operands = std::move(operands);
         return {};
      }
      const auto positional = std::ranges::find_if(
            config::table(), [](const config::spec& s) { return s.is_positional(); });
      for (auto& word : operands) {
         if (!grammar_.takes_settings)
            return refuse(fmt::format("The argument {} was not expected.", config::shown(word)));
         out.flags.emplace_back(positional->name, std::move(word));
      }
      return {};
   }

   const grammar& grammar_;
   CLI::App app_;
   CLI::Option* help_ = nullptr;
   std::vector<std::pair<std::string_view, CLI::Option*>> switches_, values_;
   std::vector<std::pair<const config::spec*, CLI::Option*>> settings_;
   std::vector<std::string_view> known_;
};

} // namespace

bool options::has(std::string_view a_switch) const {
   return std::ranges::find(switches, a_switch) != switches.end();
}

const std::string* options::value_of(std::string_view option) const {
   const std::string* out = nullptr;
   for (const auto& [name, text] : values) {
      if (name == option) out = &text;
   }
   return out;
}

core::result<options> parse_options(const grammar& g, const std::vector<std::string>& words) {
   return parser(g).run(words);
}

} // namespace fmcp::cli
