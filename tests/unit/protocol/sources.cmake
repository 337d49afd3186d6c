fmcp_unit_test(protocol
  SOURCES
    event_log_test.cpp
    http_guard_test.cpp
    session_store_test.cpp
    session_token_test.cpp
    sse_stream_test.cpp
    stream_race_test.cpp
  USES fmcp_protocol fmcp_crypto)
