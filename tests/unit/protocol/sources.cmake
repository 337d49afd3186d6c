fmcp_unit_test(protocol
  SOURCES
    session_token_test.cpp
  USES fmcp_protocol fmcp_crypto)
