# How everything is compiled: the target `tarn_options`, which all others link.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# Set whole, so that no build type defines NDEBUG: asserts stay in every build.
set(CMAKE_C_FLAGS_RELEASE "-O3 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")

find_program(TARN_CCACHE ccache)
if(TARN_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${TARN_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libssl libcrypto)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(LZF REQUIRED IMPORTED_TARGET liblzf)
if(TARN_JEMALLOC)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
endif()

add_library(tarn_options INTERFACE)
target_include_directories(tarn_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(tarn_options INTERFACE _GNU_SOURCE TARN_VERSION="${PROJECT_VERSION}")
target_compile_options(tarn_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Werror
  # Profilers and crash dumps walk the frames.
  -fno-omit-frame-pointer
  # Entries and packs are read as bytes, words and structs alike.
  -fno-strict-aliasing)
target_link_options(tarn_options INTERFACE -Wl,-z,relro,-z,now)
target_link_libraries(tarn_options INTERFACE
  PkgConfig::OPENSSL PkgConfig::LIBURING PkgConfig::XXHASH PkgConfig::LZF Threads::Threads m)

if(TARN_JEMALLOC)
  target_compile_definitions(tarn_options INTERFACE TARN_JEMALLOC)
  # The archive, where there is one: a call into the shared library costs a third of a malloc().
  find_library(TARN_JEMALLOC_ARCHIVE NAMES libjemalloc.a HINTS ${JEMALLOC_LIBRARY_DIRS})
  if(TARN_JEMALLOC_ARCHIVE)
    target_include_directories(tarn_options SYSTEM INTERFACE ${JEMALLOC_INCLUDE_DIRS})
    target_link_libraries(tarn_options INTERFACE
      ${TARN_JEMALLOC_ARCHIVE} Threads::Threads ${CMAKE_DL_LIBS} m)
  else()
    target_link_libraries(tarn_options INTERFACE PkgConfig::JEMALLOC)
  endif()
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL Release)
  target_compile_definitions(tarn_options INTERFACE TARN_DEBUG)
endif()
if(TARN_STRESS)
  target_compile_definitions(tarn_options INTERFACE TARN_STRESS)
endif()
if(TARN_PLAIN_POINTERS)
  target_compile_definitions(tarn_options INTERFACE TABLE_PLAIN_POINTERS)
endif()
if(TARN_SANITIZERS)
  target_compile_definitions(tarn_options INTERFACE TARN_SANITIZE)
  target_compile_options(tarn_options INTERFACE
    -fsanitize=${TARN_SANITIZERS} -fno-sanitize-recover=all
    # gcc loses the ranges of numbers in instrumented code; the release build has this warning.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
  target_link_options(tarn_options INTERFACE -fsanitize=${TARN_SANITIZERS})
endif()
if(TARN_FUZZ)
  target_compile_options(tarn_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(tarn_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(TARN_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT TARN_LTO_WORKS OUTPUT TARN_LTO_WHY LANGUAGES C)
  if(TARN_LTO_WORKS)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  else()
    message(WARNING "This compiler cannot optimise across files: ${TARN_LTO_WHY}")
  endif()
endif()
