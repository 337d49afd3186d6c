#include "plugins/results.hpp"

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "plugins/grown.hpp"
#include "plugins/host.hpp"

namespace fmcp::plugins {
namespace {

constexpr std::uint32_t max_blocks = 1u << 16;
constexpr std::size_t least_content = FMCP_LEAST(fmcp_content, data);

bool has_sane_blocks(const fmcp_result& r) noexcept {
   return is_sane_list(r.content, least_content, max_blocks);
}

/// Sums up lengths without overflow, and notices bytes that are not there.
struct tally {
   std::uint64_t left;
   bool has_null = false;
   bool is_over = false;

   void add(const void* ptr, std::uint64_t len) noexcept {
      has_null = has_null || (len != 0 && ptr == nullptr);
      is_over = is_over || len > left;
      left -= is_over ? 0 : len;
   }
   void add(fmcp_str s) noexcept { add(s.ptr, s.len); }
   void add(const fmcp_buf& b) noexcept { add(b.ptr, b.len); }
};

void release(const fmcp_buf& b) noexcept {
   if (b.release != nullptr) b.release(b.owner, b.ptr, b.len);
}

} // namespace

bool copy_result(const fmcp_result* from, fmcp_result& to) noexcept {
   const auto copy = copy_grown<fmcp_result>(from, FMCP_LEAST(fmcp_result, content));
   if (!copy) return false;
   to = *copy;
   if (to.outcome < FMCP_OUT_OK || to.outcome > FMCP_OUT_FAILED) to.outcome = FMCP_OUT_RPC_ERROR;
   return true;
}

const char* find_fault(const fmcp_result& r, std::size_t max_bytes) noexcept {
   if (!has_sane_blocks(r)) return "a content list that cannot be stepped";
   tally t{max_bytes};
   t.add(r.message);
   t.add(r.structured_json);
   t.add(r.error_data_json);
   t.add(r.meta_json);
   t.add(r.raw_json);
   t.add(r.input_requests_json);
   t.add(r.state.ptr, r.state.len);
   for (std::uint32_t i = 0; i < r.content.count; ++i) {
      const fmcp_content c = content_at(r, i);
      if (c.size == 0) return "a content block whose size cannot be true";
      if (c.kind < FMCP_C_TEXT || c.kind > FMCP_C_RAW_JSON) {
         return "a content block of a kind that this host does not have";
      }
      t.add(c.mime);
      t.add(c.uri);
      t.add(c.name);
      t.add(c.annotations_json);
      t.add(c.meta_json);
      t.add(c.data);
   }
   if (t.has_null) return "bytes that have a length but no address";
   if (t.is_over) return "more bytes than a result may have";
   return nullptr;
}

std::string plain_words(std::string_view text) {
   std::string out;
   core::append_printable(out, core::is_utf8(text) ? std::string(text) : core::utf8_repaired(text));
   return out;
}

void release_buffers(const fmcp_result& r) noexcept {
   release(r.structured_json);
   release(r.error_data_json);
   release(r.meta_json);
   release(r.raw_json);
   if (!has_sane_blocks(r)) return;
   for (std::uint32_t i = 0; i < r.content.count; ++i) release(content_at(r, i).data);
}

fmcp_content content_at(const fmcp_result& r, std::uint32_t index) noexcept {
   const char* at = element(r.content, index);
   std::uint32_t size = 0;
   std::memcpy(&size, at, sizeof size);
   if (!is_sane_size(size, least_content) || size > r.content.stride) return {};
   fmcp_content out{};
   std::memcpy(&out, at, std::min<std::size_t>(size, sizeof out));
   return out;
}

} // namespace fmcp::plugins
