fmcp_unit_test(plugins SOURCES auth_answer_test.cpp auth_provider_test.cpp call_race_test.cpp elf_image_test.cpp host_test.cpp
                               instance_test.cpp manifest_test.cpp module_test.cpp origins_test.cpp principal_test.cpp
                               services_test.cpp staging_test.cpp
               USES fmcp_plugins)

# Plugins that only these tests need: tests/plugins/unit/<name>.so.
set(fixtures "${CMAKE_CURRENT_LIST_DIR}/fixtures")
set(fixture_dir "${FMCP_TEST_PLUGIN_OUTPUT_DIR}/unit")
foreach(name failing_create growing slow_constructor)
  fmcp_add_plugin(unit_${name} SOURCES "${fixtures}/${name}.c" OUTPUT_DIRECTORY "${fixture_dir}")
  set_target_properties(unit_${name} PROPERTIES OUTPUT_NAME ${name})
endforeach()
foreach(version 1 2)
  fmcp_add_plugin(unit_versioned_${version} SOURCES "${fixtures}/versioned.c" OUTPUT_DIRECTORY "${fixture_dir}")
  set_target_properties(unit_versioned_${version} PROPERTIES OUTPUT_NAME versioned_${version})
  target_compile_definitions(unit_versioned_${version} PRIVATE VERSION=${version})
endforeach()
add_library(unit_unique MODULE "${fixtures}/unique.cpp")
target_link_libraries(unit_unique PRIVATE fmcp-sdk::sdk)
target_link_options(unit_unique PRIVATE LINKER:-z,nodelete)
set_target_properties(unit_unique PROPERTIES PREFIX "" SUFFIX ".so" OUTPUT_NAME unique
  LIBRARY_OUTPUT_DIRECTORY "${fixture_dir}")
add_dependencies(plugins_test test_plugins unit_failing_create unit_growing unit_slow_constructor unit_versioned_1 unit_versioned_2
  unit_unique)
