fmcp_unit_test(crypto
  SOURCES digest_test.cpp
          interposed.cpp
          jwk_set_test.cpp
          jws_test.cpp
          kdf_test.cpp
          public_key_test.cpp
          seal_test.cpp
          signature_test.cpp
          siphash_test.cpp
          stack_facts_test.cpp
          wycheproof_test.cpp
  USES test_tokens fmcp_crypto)
# The tests make keys, certificates and signatures.
find_package(OpenSSL 3.0 REQUIRED)
target_link_libraries(crypto_test PRIVATE OpenSSL::Crypto)
