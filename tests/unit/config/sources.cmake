fmcp_unit_test(config SOURCES auth_selection_test.cpp auth_values_test.cpp env_file_test.cpp load_test.cpp parse_test.cpp
  plugin_settings_test.cpp secret_variables_test.cpp table_test.cpp
  USES fmcp_config)
