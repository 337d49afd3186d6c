// A head that is taken is one message to everybody: its framing is unambiguous, no line end hides
// in it, its views lie within it; what was refused early stays refused; and a long Authorization
// line, which is read in another way, is read like any other.

#include <string>

#include "core/text.hpp"
#include "fuzz.hpp"
#include "net/request_head.hpp"

using namespace fmcp;

namespace {

using outcome = net::head_reader::outcome;

bool lies_within(std::string_view part, std::string_view whole) {
   return part.empty() ||
          (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check(net::request_head& h, std::string_view bytes) {
   fuzz::must(h.size <= bytes.size(), "the size is within the bytes");
   const auto head = bytes.substr(0, h.size);
   fuzz::must(head.ends_with("\r\n\r\n"), "a head ends with an empty line");
   fuzz::must(h.rq.fields.size() <= 20, "the fields keep their limit");
   for (const auto& f : h.rq.fields) {
      fuzz::must(lies_within(f.name, head) && lies_within(f.value, head), "views lie within");
      fuzz::must(!f.name.empty(), "names are not empty");
      fuzz::must(f.value.find_first_of(std::string_view("\r\n\0", 3)) == f.value.npos,
                 "values are one line");
   }
   fuzz::must(h.rq.count("host") == 1 && h.rq.find("host") == h.rq.host, "there is one Host");
   fuzz::must(net::is_well_formed_host(h.rq.host), "Host is well-formed");
   const auto encodings = h.rq.count("transfer-encoding");
   const auto lengths = h.rq.count("content-length");
   fuzz::must((encodings == 1) == (h.body == net::body_framing::chunked), "chunked is said once");
   fuzz::must(encodings == 0 || (h.is_http_1_1 && lengths == 0 &&
                                 core::iequals(h.rq.find("transfer-encoding"), "chunked")),
              "nothing contradicts chunked");
   fuzz::must(h.body != net::body_framing::sized || lengths >= 1, "a size has been said");
   fuzz::must(h.rq.path == "*" || h.rq.path.starts_with('/'), "the path is one");
   fuzz::must(h.rq.path.find_first_of("?# \r\n") == h.rq.path.npos, "the path ends where it ends");
}

/// Compares with the same bytes under a name that is nothing special.
void check_twin(net::head_reader& reader, std::string_view bytes, outcome what) {
   constexpr std::string_view name = "authorization:";
   std::string twin(bytes);
   bool is_other = false;
   for (std::size_t at = 0; at + name.size() <= twin.size(); ++at) {
      if (!core::iequals(bytes.substr(at, name.size()), name)) continue;
      twin[at] = 'B';
      is_other = true;
   }
   if (!is_other) return;
   net::head_reader plain(2048, 20);
   fuzz::must(plain.read(twin) == what, "the name of a field changes nothing");
   if (what == outcome::refused)
      fuzz::must(plain.why().status == reader.why().status, "a refusal has the same status");
   if (what != outcome::complete) return;
   const auto &a = reader.head(), &b = plain.head();
   fuzz::must(a.size == b.size && a.body == b.body && a.content_length == b.content_length &&
                    a.rq.keep_alive == b.rq.keep_alive && a.rq.path.size() == b.rq.path.size(),
              "two heads are the same");
   fuzz::must(a.rq.fields.size() == b.rq.fields.size(), "there are as many fields");
   for (std::size_t i = 0; i < a.rq.fields.size(); ++i) {
      fuzz::must(a.rq.fields[i].name.size() == b.rq.fields[i].name.size() &&
                       a.rq.fields[i].value.size() == b.rq.fields[i].value.size(),
                 "fields are the same");
   }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
   static net::head_reader reader(2048, 20);
   const auto bytes = fuzz::text_of(data, size);
   const auto all = reader.read(bytes);
   if (all == outcome::refused) {
      fuzz::must(reader.why().status >= 400 && !reader.why().reason.empty(), "a refusal says why");
   }
   check_twin(reader, bytes, all);
   std::size_t complete_at = bytes.size() + 1;
   if (all == outcome::complete) {
      check(reader.head(), bytes);
      complete_at = reader.head().size;
   }
   for (std::size_t n = 0; n < bytes.size(); ++n) {
      const auto part = reader.read(bytes.substr(0, n));
      if (n >= complete_at) {
         fuzz::must(part == outcome::complete && reader.head().size == complete_at,
                    "bytes behind a head change nothing");
      } else if (all == outcome::complete) {
         fuzz::must(part == outcome::incomplete, "a beginning of a good head is incomplete");
      } else if (part == outcome::refused) {
         fuzz::must(all == outcome::refused, "what was refused early stays refused");
      }
   }
   return 0;
}
