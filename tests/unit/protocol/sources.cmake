fmcp_unit_test(protocol
  SOURCES
    event_log_test.cpp
    header_value_test.cpp
    http_endpoint_test.cpp
    http_guard_test.cpp
    message_test.cpp
    session_token_test.cpp
    stdio_endpoint_test.cpp
  USES fmcp_protocol fmcp_crypto)
