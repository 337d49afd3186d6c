fmcp_unit_test(auth
  SOURCES authorization_test.cpp
          challenge_test.cpp
          claims_test.cpp
          explanation_test.cpp
          forwarded_document_test.cpp
          freshness_test.cpp
          gate_test.cpp
          heap_watch.cpp
          issuer_pattern_test.cpp
          jwt_attacks_test.cpp
          jwt_policy_test.cpp
          jwt_service_test.cpp
          key_source_test.cpp
          metadata_routes_test.cpp
          metadata_test.cpp
          rate_limit_test.cpp
          refusals_test.cpp
          token_cache_test.cpp
          token_matrix_test.cpp
  USES fmcp_auth fmcp_crypto test_tokens)

