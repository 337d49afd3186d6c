// What it costs to verify a token that no cache knows, by algorithm: taking it apart, the
// signature, the claims. And what a refusal costs that needs no signature, since anybody may send
// those.

#include <string>

#include <benchmark/benchmark.h>

#include "auth/claims.hpp"
#include "auth/jwt_service.hpp"
#include "core/auth_reason.hpp"
#include "support/token_maker.hpp"

namespace {

using namespace fmcp;
using crypto::algorithm;

auth::jwt_policy policy_for(algorithm a) {
   auth::jwt_policy p;
   p.issuers = {"https://issuer.example"};
   p.audiences = {"api"};
   p.algorithms = {std::string(crypto::name_of(a))};
   const auto& issuer = test::token_maker::of(a);
   if (crypto::is_symmetric(a))
      p.shared_secret = issuer.secret();
   else
      p.jwks_json = test::jwks({issuer.jwk()});
   return p;
}

void run(benchmark::State& state, algorithm a, const std::string& token, core::auth_reason want) {
   auth::jwt_service service(nullptr);
   const auto id = service.add(policy_for(a)).value();
   if (service.verify_now(id, token)->reason != want) state.SkipWithError("an unexpected outcome");
   for (auto _ : state) benchmark::DoNotOptimize(service.verify_now(id, token));
}

std::string good_token(algorithm a) {
   const auto now = core::clock::system().unix_ms() / 1000;
   return test::token_maker::of(a).token(test::claims(now).set("exp", "9999999999"));
}

void verify_cold(benchmark::State& state, algorithm a) {
   run(state, a, good_token(a), core::auth_reason::none);
}
BENCHMARK_CAPTURE(verify_cold, RS256, algorithm::rs256);
BENCHMARK_CAPTURE(verify_cold, RS384, algorithm::rs384);
BENCHMARK_CAPTURE(verify_cold, RS512, algorithm::rs512);
BENCHMARK_CAPTURE(verify_cold, PS256, algorithm::ps256);
BENCHMARK_CAPTURE(verify_cold, PS384, algorithm::ps384);
BENCHMARK_CAPTURE(verify_cold, PS512, algorithm::ps512);
BENCHMARK_CAPTURE(verify_cold, ES256, algorithm::es256);
BENCHMARK_CAPTURE(verify_cold, ES384, algorithm::es384);
BENCHMARK_CAPTURE(verify_cold, ES512, algorithm::es512);
BENCHMARK_CAPTURE(verify_cold, EdDSA, algorithm::eddsa);
BENCHMARK_CAPTURE(verify_cold, HS256, algorithm::hs256);
BENCHMARK_CAPTURE(verify_cold, HS384, algorithm::hs384);
BENCHMARK_CAPTURE(verify_cold, HS512, algorithm::hs512);

void refuse(benchmark::State& state, const std::string& token, core::auth_reason why) {
   run(state, algorithm::rs256, token, why);
}
BENCHMARK_CAPTURE(refuse, wrong_algorithm, good_token(algorithm::hs256),
                  core::auth_reason::bad_algorithm);
BENCHMARK_CAPTURE(refuse, malformed, std::string(1000, 'a'), core::auth_reason::malformed);

void principal(benchmark::State& state) {
   const auto payload = test::claims(1'700'000'000).text();
   for (auto _ : state) benchmark::DoNotOptimize(auth::principal_from_claims(payload));
}
BENCHMARK(principal);

void import_policy(benchmark::State& state, algorithm a) {
   auth::jwt_service service(nullptr);
   const auto policy = policy_for(a);
   for (auto _ : state) service.remove(service.add(policy).value());
}
BENCHMARK_CAPTURE(import_policy, RS256, algorithm::rs256);
BENCHMARK_CAPTURE(import_policy, ES256, algorithm::es256);

} // namespace

BENCHMARK_MAIN();
