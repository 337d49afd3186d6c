#include "unit/net/fake_names.hpp"

#include <map>
#include <mutex>
#include <string_view>

#include <dlfcn.h>
#include <netdb.h>

namespace fmcp::test {
namespace {

std::mutex mutex;
std::map<std::string, std::function<std::vector<std::string>()>, std::less<>> names;

} // namespace

void resolve(const std::string& name, std::function<std::vector<std::string>()> answer) {
   const std::lock_guard lock(mutex);
   names[name] = std::move(answer);
}

} // namespace fmcp::test

extern "C" __attribute__((visibility("default"))) int
getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
   using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
   static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
   std::function<std::vector<std::string>()> answer;
   if (node != nullptr && std::string_view(node).ends_with(".test")) {
      const std::lock_guard lock(fmcp::test::mutex);
      const auto at = fmcp::test::names.find(std::string_view(node));
      if (at == fmcp::test::names.end()) return EAI_NONAME;
      answer = at->second;
   }
   if (!answer) return real(node, service, hints, out);
   addrinfo numeric = hints == nullptr ? addrinfo{} : *hints;
   numeric.ai_family = AF_UNSPEC;
   numeric.ai_flags = AI_NUMERICHOST;
   *out = nullptr;
   addrinfo** last = out;
   for (const auto& address : answer()) {
      if (const int failed = real(address.c_str(), service, &numeric, last)) return failed;
      while (*last != nullptr) last = &(*last)->ai_next;
   }
   return *out == nullptr ? EAI_NONAME : 0;
}
