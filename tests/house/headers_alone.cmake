# Every header of the house compiles alone: its own source file includes it first, or it gets a source file here that includes
# nothing else. These are not part of a build; a test builds them, so that ninja and ccache spare what has not changed.
set(HEADERS_FOLDER ${CMAKE_CURRENT_BINARY_DIR}/headers_alone)

# header_alone_source(<header> <variable for the source's path>)
function(header_alone_source header variable)
  string(REPLACE "/" "_" name ${header})
  file(CONFIGURE OUTPUT ${HEADERS_FOLDER}/${name}.cc CONTENT "#include \"${header}\"\n" @ONLY)
  set(${variable} ${HEADERS_FOLDER}/${name}.cc PARENT_SCOPE)
endfunction()

# header_library(<name> <headers…>): an object library of them, with everything that any room may see.
function(header_library name)
  foreach(header ${ARGN})
    header_alone_source(${header} source)
    list(APPEND sources ${source})
  endforeach()
  get_property(rooms GLOBAL PROPERTY BELLWETHER_ROOMS)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${name} PRIVATE ${rooms})
  target_compile_options(${name} PRIVATE -O0 -g0)
endfunction()

# compiles_first(<header> <variable>): whether the header's own source file includes it before all else. Then every build
# has proven it already. Read when a tree is configured: to configure anew for each change of a source would cost more.
function(compiles_first header variable)
  string(REGEX REPLACE "\\.h$" ".cc" source ${PROJECT_SOURCE_DIR}/controller/${header})
  set(first "")
  if(EXISTS ${source})
    file(STRINGS ${source} first REGEX "^#include" LIMIT_COUNT 1)
  endif()
  if(first STREQUAL "#include \"${header}\"")
    set(${variable} TRUE PARENT_SCOPE)
  else()
    set(${variable} FALSE PARENT_SCOPE)
  endif()
endfunction()

file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR}/controller CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/controller/*.h)
foreach(header ${headers})
  compiles_first(${header} proven)
  if(NOT proven)
    list(APPEND unproven ${header})
  endif()
endforeach()
header_library(headers_alone ${unproven})
add_test(NAME EveryHeaderCompilesAlone
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} -j 2 --target headers_alone)

# Proves that the check can fail.
file(CONFIGURE OUTPUT ${HEADERS_FOLDER}/needs_another.h CONTENT "std::string NeedsAnother();\n" @ONLY)
header_library(header_not_alone needs_another.h)
target_include_directories(header_not_alone PRIVATE ${HEADERS_FOLDER})
add_test(NAME AHeaderThatNeedsAnotherIsCaught
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target header_not_alone)
set_tests_properties(AHeaderThatNeedsAnotherIsCaught PROPERTIES
  PASS_REGULAR_EXPRESSION "needs_another.h:1:6: error: .*string.* does not name a type")

# Both run ninja in the build tree, one after the other.
set_tests_properties(EveryHeaderCompilesAlone AHeaderThatNeedsAnotherIsCaught PROPERTIES
  LABELS unit RESOURCE_LOCK build_tree)
