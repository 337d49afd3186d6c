#pragma once

/// A gzip stream of zero bytes, written by hand: tiny for what it holds.

#include <cstdint>
#include <string>

namespace fmcp::test {

/// `1 + 258 * matches` zeros (RFC 1951, fixed codes; RFC 1952).
inline std::string gzip_of_zeros(std::uint32_t matches) {
   std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
   std::uint32_t bits = 0, held = 0;
   const auto put = [&](std::uint32_t value, unsigned count) {
      for (unsigned i = 0; i < count; ++i) {
         bits |= (value >> i & 1) << held;
         if (++held == 8) {
            out.push_back(static_cast<char>(bits));
            bits = held = 0;
         }
      }
   };
   // Codes go with their highest bit first, so they are written here reversed.
   put(0b011, 3);      // the last block, fixed codes
   put(0b00001100, 8); // literal 0: 00110000
   for (std::uint32_t i = 0; i < matches; ++i) {
      put(0b10100011, 8); // length 258: 11000101
      put(0, 5);          // distance 1
   }
   put(0, 7); // the end
   while (held != 0) put(0, 1);
   const std::uint32_t size = 1 + 258 * matches;
   std::uint32_t crc = 0xffffffff;
   for (std::uint64_t i = 0; i < std::uint64_t{size} * 8; ++i) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
   }
   crc = ~crc;
   for (const auto word : {crc, size}) {
      for (unsigned i = 0; i < 32; i += 8) out.push_back(static_cast<char>(word >> i));
   }
   return out;
}

} // namespace fmcp::test
