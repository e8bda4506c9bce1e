# Flags for everything that we compile, and the helper that declares a room of the house.

add_library(bellwether_flags INTERFACE)
# Designated initializers leave members out on purpose; gcc 12 warns about that in C++ all the same.
target_compile_options(bellwether_flags INTERFACE
                       "$<BUILD_INTERFACE:-Wall;-Wextra;-Wconversion;-Wshadow>"
                       $<BUILD_INTERFACE:-Wno-missing-field-initializers>
                       $<BUILD_INTERFACE:$<$<BOOL:${BELLWETHER_WERROR}>:-Werror>>)
target_compile_definitions(bellwether_flags INTERFACE
                           $<BUILD_INTERFACE:BELLWETHER_VERSION="${PROJECT_VERSION}">)
target_compile_features(bellwether_flags INTERFACE cxx_std_20)
target_include_directories(bellwether_flags INTERFACE
                           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/controller>
                           $<INSTALL_INTERFACE:include/bellwether>)

if(BELLWETHER_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(BELLWETHER_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(BELLWETHER_SANITIZE STREQUAL "fuzzer")
  # What the fuzzers of tests/fuzz drive; their own files alone are linked with libFuzzer's main. Debian's libraries hide
  # types that headers instantiate here too, which is all that vptr would find.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-sanitize=vptr
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined -fno-sanitize=vptr)
endif()

# room(<name> SOURCES a.cc b.cc DEPS <rooms and libraries>)
# One static library per room; the DEPS line is the arrow "may include". Rooms are named bellwether::<name>.
function(room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  add_library(bellwether::${name} ALIAS ${name})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME bellwether_${name})
  target_link_libraries(${name} PUBLIC bellwether_flags ${ROOM_DEPS})
  set_property(GLOBAL APPEND PROPERTY BELLWETHER_ROOMS bellwether::${name})
endfunction()
