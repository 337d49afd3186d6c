fmcp_unit_test(protocol
  SOURCES
    header_value_test.cpp
    message_test.cpp
  USES fmcp_protocol)
