// OpenSSL takes any 32 bytes for an Ed25519 key. With a public key of low order a signature that
// anybody can write down verifies for every message, so that a key that is no ordinary point must
// not get in.
//
// A point of either curve satisfies a x^2 + y^2 = 1 + d x^2 y^2, and the encoding holds y and the
// sign of x. That x exists is the check of RFC 8032 for a point; that eight times the point is not
// the neutral element is the check for its order. Both need x only squared, and a doubling of y is
//    y' = (y^2 - a x^2) / (2 - a x^2 - y^2)
// whose denominator is never 0, since d is no square.

#include <algorithm>
#include <string>

#include "crypto/key_checks.hpp"

namespace fmcp::crypto {
namespace {

struct curve {
   const char* p;      // the field's prime
   int a;              // 1 or -1
   const char* d_over; // d = -d_over / d_under
   const char* d_under;
};
constexpr curve curve25519{"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", -1,
                           "1db41", "1db42"};
constexpr curve curve448{"fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
                         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                         1, "98a9", "1"};

enum class verdict { good, not_reduced, no_point, low_order, no_memory };

/// Arithmetic in the field. After a failure, which is one of memory, every further step is skipped.
class field {
public:
   explicit field(const curve& c) : ctx_(BN_CTX_new()) {
      if (!ctx_) {
         ok_ = false;
         return;
      }
      BN_CTX_start(ctx_.get());
      p_ = hex(c.p);
      one_ = hex("1");
      d_ = negative(quotient(hex(c.d_over), hex(c.d_under)));
      a_is_minus_one_ = c.a < 0;
   }
   ~field() {
      if (ctx_) BN_CTX_end(ctx_.get());
   }
   field(const field&) = delete;
   field& operator=(const field&) = delete;

   verdict judge(std::string_view little_endian) {
      auto* y = fresh();
      if (!ok_ ||
          BN_lebin2bn(octets(little_endian), static_cast<int>(little_endian.size()), y) == nullptr)
         return verdict::no_memory;
      if (BN_cmp(y, p_) >= 0) return verdict::not_reduced;
      auto* x2 = x_squared(y);
      if (!ok_) return verdict::no_memory;
      const int symbol = BN_kronecker(x2, p_, ctx_.get());
      if (symbol < -1) return verdict::no_memory;
      if (symbol == -1) return verdict::no_point;
      for (int doublings = 0; doublings < 3; ++doublings) {
         auto* y2 = product(y, y);
         auto* ax2 = times_a(x_squared(y));
         y = quotient(difference(y2, ax2), difference(sum(one_, one_), sum(ax2, y2)));
      }
      if (!ok_) return verdict::no_memory;
      return BN_is_one(y) ? verdict::low_order : verdict::good;
   }

private:
   BIGNUM* fresh() {
      auto* n = ok_ ? BN_CTX_get(ctx_.get()) : nullptr;
      ok_ = n != nullptr;
      return n;
   }
   BIGNUM* hex(const char* digits) {
      auto* n = fresh();
      ok_ = ok_ && BN_hex2bn(&n, digits) > 0;
      return n;
   }
   BIGNUM* sum(const BIGNUM* u, const BIGNUM* v) {
      auto* r = fresh();
      ok_ = ok_ && BN_mod_add(r, u, v, p_, ctx_.get()) == 1;
      return r;
   }
   BIGNUM* difference(const BIGNUM* u, const BIGNUM* v) {
      auto* r = fresh();
      ok_ = ok_ && BN_mod_sub(r, u, v, p_, ctx_.get()) == 1;
      return r;
   }
   BIGNUM* product(const BIGNUM* u, const BIGNUM* v) {
      auto* r = fresh();
      ok_ = ok_ && BN_mod_mul(r, u, v, p_, ctx_.get()) == 1;
      return r;
   }
   BIGNUM* quotient(const BIGNUM* u, const BIGNUM* v) {
      auto* r = fresh();
      ok_ = ok_ && BN_mod_inverse(r, v, p_, ctx_.get()) != nullptr;
      return product(u, r);
   }
   BIGNUM* negative(const BIGNUM* u) {
      auto* zero = fresh();
      if (ok_) BN_zero(zero);
      return difference(zero, u);
   }
   BIGNUM* times_a(BIGNUM* u) { return a_is_minus_one_ ? negative(u) : u; }
   /// x^2 = (1 - y^2) / (a - d y^2)
   BIGNUM* x_squared(const BIGNUM* y) {
      auto* y2 = product(y, y);
      return quotient(difference(one_, y2), difference(times_a(one_), product(d_, y2)));
   }

   bignum_context ctx_;
   bool ok_ = true;
   bool a_is_minus_one_ = false;
   BIGNUM* p_ = nullptr;
   BIGNUM* one_ = nullptr;
   BIGNUM* d_ = nullptr;
};

} // namespace

core::result<void> check_edwards_point(key_type type, std::string_view encoded) {
   const std::string name(name_of(type));
   std::string y(encoded);
   y.back() = static_cast<char>(y.back() & 0x7f); // the sign of x
   switch (field(type == key_type::ed25519 ? curve25519 : curve448).judge(y)) {
   case verdict::good: return {};
   case verdict::not_reduced:
      return core::fail(core::errc::invalid, "the " + name + " key's coordinate is not reduced");
   case verdict::no_point:
      return core::fail(core::errc::invalid, "the " + name + " key is no point of the curve");
   case verdict::low_order:
      return core::fail(core::errc::invalid,
                        "the " + name +
                              " key is a point of low order, for which anybody can sign anything");
   case verdict::no_memory: break;
   }
   return core::fail(core::errc::internal, "no memory to check the " + name + " key");
}

} // namespace fmcp::crypto
