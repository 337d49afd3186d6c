#include "zone.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace zones {
namespace {

constexpr std::size_t max_bytes = 1u << 20;
constexpr std::int64_t day_seconds = 86'400;

/// Reads big-endian numbers; once something is missing, all that follows is zero and `is_good`
/// false.
class byte_reader {
public:
   explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

   std::string_view take(std::size_t n) {
      if (n > rest_.size()) {
         is_good_ = false;
         rest_ = {};
         return {};
      }
      const auto out = rest_.substr(0, n);
      rest_.remove_prefix(n);
      return out;
   }
   std::uint64_t number(std::size_t bytes) {
      std::uint64_t out = 0;
      for (const char c : take(bytes)) out = out << 8 | static_cast<unsigned char>(c);
      return out;
   }
   [[nodiscard]] bool is_good() const { return is_good_; }
   [[nodiscard]] std::string_view rest() const { return rest_; }

private:
   std::string_view rest_;
   bool is_good_ = true;
};

/// The six counts of a header, in the file's order.
struct counts {
   std::size_t isut, isstd, leap, time, type, chars;

   [[nodiscard]] std::size_t bytes(std::size_t time_size) const {
      return time * (time_size + 1) + type * 6 + chars + leap * (time_size + 4) + isstd + isut;
   }
};

std::optional<counts> read_header(byte_reader& in, int& version) {
   if (in.take(4) != "TZif") return std::nullopt;
   const auto v = in.take(1);
   version = v.empty() || v.front() == '\0' ? 1 : v.front() - '0';
   in.take(15);
   counts c{};
   for (auto* n : {&c.isut, &c.isstd, &c.leap, &c.time, &c.type, &c.chars}) {
      *n = static_cast<std::size_t>(in.number(4));
      if (*n > max_bytes) return std::nullopt;
   }
   if (!in.is_good() || c.type == 0 || c.type > 256 || c.chars == 0) return std::nullopt;
   return c;
}

} // namespace

std::optional<zone> zone::parse(std::string_view bytes) {
   if (bytes.size() > max_bytes) return std::nullopt;
   byte_reader in(bytes);
   int version = 0;
   auto header = read_header(in, version);
   if (!header) return std::nullopt;
   std::size_t time_size = 4;
   if (version >= 2) { // the first block is for readers of long ago
      in.take(header->bytes(4));
      header = read_header(in, version);
      if (!header) return std::nullopt;
      time_size = 8;
   }
   zone out;
   for (std::size_t i = 0; i < header->time; ++i) {
      const auto raw = in.number(time_size);
      out.times_.push_back(time_size == 8
                                 ? static_cast<std::int64_t>(raw)
                                 : static_cast<std::int32_t>(static_cast<std::uint32_t>(raw)));
      if (!in.is_good()) return std::nullopt;
   }
   for (const char c : in.take(header->time)) out.kinds_.push_back(static_cast<std::uint8_t>(c));
   struct record {
      std::int32_t offset;
      bool is_dst;
      std::size_t name;
   };
   std::vector<record> records;
   for (std::size_t i = 0; i < header->type; ++i) {
      const auto offset = static_cast<std::int32_t>(static_cast<std::uint32_t>(in.number(4)));
      const bool is_dst = in.number(1) != 0;
      records.push_back({offset, is_dst, static_cast<std::size_t>(in.number(1))});
   }
   const auto names = in.take(header->chars);
   in.take(header->leap * (time_size + 4) + header->isstd + header->isut);
   if (!in.is_good() || !std::is_sorted(out.times_.begin(), out.times_.end())) return std::nullopt;

   out.infos_.clear();
   for (const auto& r : records) {
      if (r.name >= names.size() || r.offset < -day_seconds * 2 || r.offset > day_seconds * 2)
         return std::nullopt;
      const auto name = names.substr(r.name);
      out.infos_.push_back({r.offset, r.is_dst, std::string(name.substr(0, name.find('\0')))});
   }
   for (const auto kind : out.kinds_) {
      if (kind >= out.infos_.size()) return std::nullopt;
   }
   if (version >= 2 && in.take(1) == "\n") {
      const auto rule = in.rest().substr(0, in.rest().find('\n'));
      if (!rule.empty()) {
         out.rule_ = posix_rule::parse(rule);
         if (!out.rule_) return std::nullopt;
      }
   }
   return out;
}

const offset_info& zone::at(std::int64_t unix) const {
   const auto after = std::upper_bound(times_.begin(), times_.end(), unix);
   if (after == times_.end() && rule_) return rule_->at(unix);
   if (after == times_.begin()) return infos_.front(); // RFC 9636 3.2: type 0 before the first
   return infos_[kinds_[static_cast<std::size_t>(after - times_.begin()) - 1]];
}

std::vector<std::int64_t> zone::changes_between(std::int64_t from, std::int64_t to) const {
   std::vector<std::int64_t> out;
   const auto first = std::lower_bound(times_.begin(), times_.end(), from);
   for (auto it = first; it != times_.end() && *it < to; ++it) out.push_back(*it);
   if (rule_) {
      const auto last = times_.empty() ? from : std::max(from, times_.back());
      if (last < to) rule_->changes_between(last, to, out);
   }
   std::sort(out.begin(), out.end());
   return out;
}

local_meaning zone::meaning_of(std::int64_t local) const {
   // Every offset that counts within two days of it may have made the clocks show it.
   constexpr std::int64_t around = 2 * day_seconds;
   std::set<std::int32_t> offsets{at(local - around).seconds};
   for (const auto change : changes_between(local - around, local + around)) {
      offsets.insert(at(change).seconds);
   }
   std::vector<std::int64_t> instants;
   for (const auto offset : offsets) {
      if (at(local - offset).seconds == offset) instants.push_back(local - offset);
   }
   std::sort(instants.begin(), instants.end());
   using kind = local_meaning::kind;
   if (instants.size() == 1) return {kind::unique, instants[0], instants[0]};
   if (instants.size() > 1) return {kind::ambiguous, instants.front(), instants.back()};
   // Skipped: find the change that did it.
   for (const auto change : changes_between(local - around, local + around)) {
      const auto before = at(change - 1).seconds, after = at(change).seconds;
      if (change + before <= local && local < change + after)
         return {kind::skipped, local - before, local - after};
   }
   return {kind::skipped, local - at(local).seconds, local - at(local).seconds};
}

std::optional<std::int64_t> zone::next_change(std::int64_t unix, std::int64_t horizon) const {
   for (const auto change : changes_between(unix + 1, unix + horizon)) {
      if (at(change - 1).seconds != at(change).seconds) return change;
   }
   return std::nullopt;
}

} // namespace zones
