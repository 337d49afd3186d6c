fmcp_unit_test(protocol
  SOURCES
    allocation_test.cpp
    call_result_test.cpp
    catalogue_test.cpp
    event_log_test.cpp
    header_value_test.cpp
    http_endpoint_test.cpp
    http_guard_test.cpp
    message_test.cpp
    schema_text_test.cpp
    session_store_test.cpp
    session_token_test.cpp
    sse_stream_test.cpp
    stdio_endpoint_test.cpp
    tool_definition_test.cpp
    wire_schema_test.cpp
  USES fmcp_protocol fmcp_crypto)
