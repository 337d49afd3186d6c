fmcp_unit_test(json SOURCES schema_suite_test.cpp
  USES fmcp_json)
