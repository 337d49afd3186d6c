// A chunked body is the same in any pieces and keeps its bound. The first byte cuts the pieces.

#include <string>

#include "fuzz.hpp"
#include "net/chunk_decoder.hpp"

using namespace fmcp;

namespace {

using outcome = net::chunk_decoder::outcome;
constexpr std::size_t max_body = 1000, max_extra = 200;

struct result {
   outcome what = outcome::more;
   std::string body;
   std::size_t used = 0;
   bool operator==(const result&) const = default;
};

result decode(std::string_view bytes, std::size_t step) {
   net::chunk_decoder d;
   d.begin(max_body, max_extra);
   result r;
   while (r.used < bytes.size() && r.what == outcome::more) {
      std::string piece(bytes.substr(r.used, step));
      std::size_t used = 0, made = 0;
      r.what = d.decode(piece.data(), piece.size(), piece.data(), used, made);
      fuzz::must(used <= piece.size() && made <= used, "decoding makes nothing up");
      fuzz::must(r.what != outcome::more || used == piece.size(), "everything is used");
      r.body.append(piece, 0, made);
      r.used += used;
   }
   return r;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   if (size == 0) return 0;
   const auto bytes = fuzz::text_of(data + 1, size - 1);
   const result whole = decode(bytes, bytes.size() + 1);
   fuzz::must(whole.body.size() <= max_body, "the body keeps its limit");
   if (whole.what == outcome::done) {
      fuzz::must(bytes.substr(0, whole.used).ends_with("\r\n"), "a body ends with a line end");
   }
   fuzz::must(decode(bytes, data[0] % 7 + 1) == whole, "pieces change nothing");
   return 0;
}
