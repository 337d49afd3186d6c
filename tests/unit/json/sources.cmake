fmcp_unit_test(json SOURCES schema_optional_test.cpp schema_suite_test.cpp
  USES fmcp_json)
