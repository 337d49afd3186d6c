fmcp_unit_test(auth
  SOURCES
    claims_test.cpp
    freshness_test.cpp
    issuer_pattern_test.cpp
    jwt_attacks_test.cpp
    jwt_policy_test.cpp
    jwt_service_test.cpp
    key_source_test.cpp
    token_matrix_test.cpp
  USES fmcp_auth fmcp_crypto test_tokens)
