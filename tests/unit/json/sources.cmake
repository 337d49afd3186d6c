fmcp_unit_test(json SOURCES allocations.cpp document_test.cpp format_test.cpp mcp_schema_test.cpp number_test.cpp regex_test.cpp schema_optional_test.cpp
  schema_suite_test.cpp schema_test.cpp stack_facts_test.cpp uri_test.cpp value_test.cpp writer_test.cpp
  USES fmcp_json)
