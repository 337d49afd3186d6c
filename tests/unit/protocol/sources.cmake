fmcp_unit_test(protocol
  SOURCES
    allocation_test.cpp
    call_result_test.cpp
    catalogue_test.cpp
    counted_new.cpp
    header_value_test.cpp
    message_test.cpp
    schema_text_test.cpp
    tool_definition_test.cpp
    wire_schema_test.cpp
  USES fmcp_protocol)
