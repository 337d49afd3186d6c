#pragma once

/// The system's time zones: which there are, where they are used, and each of them when asked for.
///
/// Files are read when they are first needed and kept; a tzdata that is updated counts after the
/// next start.
///
/// Thread safety: all members may be called from any thread.
/// Errors: no_such_zone, whose text says what was probably meant; std::runtime_error when the
/// directory holds no zones at all.

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "zone.hpp"

namespace zones {

class no_such_zone : public std::runtime_error {
public:
   using std::runtime_error::runtime_error;
};

/// A zone by name.
struct named_zone {
   std::string name;
   std::vector<std::string> countries; ///< "Germany", "Denmark" …
   std::vector<std::string> codes;     ///< "DE", "DK" …
};

class database {
public:
   /// `directory`: where the compiled zones are, e.g. /usr/share/zoneinfo.
   explicit database(std::string directory);

   /// By its name in any case, with blanks for underscores.
   std::shared_ptr<const zone> find(std::string_view name, std::string* exact_name = nullptr);
   /// All of them, sorted.
   const std::vector<named_zone>& all();

private:
   void read_names();
   void walk(const std::string& below, int depth);
   void read_countries();
   [[nodiscard]] std::string suggestion(std::string_view name) const;

   const std::string directory_;
   std::mutex mutex_;
   bool is_read_ = false;                                      // guarded by mutex_
   std::vector<named_zone> names_;                             // written once, under mutex_
   std::map<std::string, std::size_t, std::less<>> by_folded_; // the same
   std::map<std::string, std::shared_ptr<const zone>, std::less<>> loaded_; // guarded by mutex_
};

/// Lower case, with blanks as underscores.
std::string folded(std::string_view name);

} // namespace zones
