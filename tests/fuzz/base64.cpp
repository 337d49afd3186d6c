// A text that decodes is the only text of its bytes, and bytes come back as they were.

#include "core/base64.hpp"
#include "fuzz.hpp"

using namespace fmcp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   const auto text = fuzz::text_of(data, size);
   std::string out;
   if (const auto bytes = core::decode_base64(text)) {
      core::append_base64(out, *bytes);
      fuzz::must(out == text, "base64 has one spelling");
   }
   out.clear();
   if (const auto bytes = core::decode_base64url(text)) {
      core::append_base64url(out, *bytes);
      fuzz::must(out == text, "base64url has one spelling");
   }
   out.clear();
   core::append_base64(out, text);
   fuzz::must(core::decode_base64(out) == text, "base64 reads back what it wrote");
   out.clear();
   core::append_base64url(out, text);
   fuzz::must(core::decode_base64url(out) == text, "base64url reads back what it wrote");
   return 0;
}
