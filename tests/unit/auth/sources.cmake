fmcp_unit_test(auth
  SOURCES authorization_test.cpp
          challenge_test.cpp
          forwarded_document_test.cpp
          gate_test.cpp
          heap_watch.cpp
          metadata_routes_test.cpp
          metadata_test.cpp
          rate_limit_test.cpp
          refusals_test.cpp
          token_cache_test.cpp
  USES fmcp_auth)
