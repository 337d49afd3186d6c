fmcp_unit_test(config SOURCES env_file_test.cpp load_test.cpp parse_test.cpp plugin_settings_test.cpp table_test.cpp
  USES fmcp_config)
