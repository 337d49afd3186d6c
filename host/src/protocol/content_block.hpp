#pragma once

/// Content blocks of a result, checked and written so that the client's revision can read them.

#include <string>
#include <string_view>

#include "protocol/revision.hpp"
#include "protocol/tool.hpp"
#include "json/document.hpp"
#include "json/value.hpp"

namespace fmcp::protocol {

/// What JSON from a plugin may cost. Its bytes have been counted when it was handed over.
inline constexpr json::limits result_bounds{
      .max_depth = 64, .max_bytes = 64u << 20, .max_values = 1u << 20};

/// Appends the blocks of one `content` array, with the commas between them.
///
/// Thread safety: none. Errors: a function that returns false has set `complaint()`, a predicate
/// about the tool without full stop ("returned an image without a MIME type"); what it appended
/// until then is of no use.
class block_writer {
public:
   block_writer(std::string& out, revision spoken, json::document& piece) noexcept
       : out_(out), piece_(piece), spoken_(spoken) {}

   /// Ill-formed UTF-8 is repaired.
   void add_text(std::string_view text);
   bool add(const content& c);
   /// A block as MCP writes it. It must be of a type that some revision has, since a client refuses
   /// a result with any other as a whole; members that nobody has heard of pass.
   bool add_raw(const json::value& block);

   /// Whether there is a block of text, which older clients show where they show nothing else.
   [[nodiscard]] bool has_text() const noexcept { return has_text_; }
   [[nodiscard]] std::string& complaint() noexcept { return complaint_; }

private:
   bool refuse(std::string_view complaint);
   void begin();
   bool end(const content& c);
   bool add_binary(const content& c);
   bool add_link(const content& c);
   bool add_resource(const content& c);
   void add_audio_as_text(std::string_view mime, std::size_t bytes);
   void add_link_as_text(std::string_view name, std::string_view mime, std::string_view uri,
                         std::string_view description);
   const char* find_fault(std::string_view type, const json::value& block) const;
   bool project(std::string_view type, const json::value& block);

   std::string& out_;
   json::document& piece_;
   std::string complaint_;
   revision spoken_;
   bool is_first_ = true;
   bool has_text_ = false;
};

} // namespace fmcp::protocol
