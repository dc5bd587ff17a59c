/* Linked into builds that have the address sanitizer and the table's packed pointers, which the
 * leak checker cannot follow. The preset `asan` keeps plain pointers and looks for leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
