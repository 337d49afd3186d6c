fmcp_unit_test(store SOURCES async_store_test.cpp state_directory_test.cpp sealed_store_test.cpp sqlite_processes_test.cpp
                             sqlite_store_test.cpp store_test.cpp
               USES fmcp_store)
# The tests damage files, and look into them.
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
target_link_libraries(store_test PRIVATE PkgConfig::SQLITE3)
