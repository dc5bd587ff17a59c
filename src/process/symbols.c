/* The symbol table of an ELF file of 64 bits. The file is the program's own, so its offsets are
 * believed; still, what lies outside of the mapping is not touched. */
#include "process/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_inside(const struct symbols *s, uint64_t offset, uint64_t size)
{
    return offset <= s->file_size && size <= s->file_size - offset;
}

/* Where the first segment lies in memory, and where the file says it does. */
static bool find_bias(struct symbols *s, const Elf64_Ehdr *head)
{
    Dl_info info;
    if (!is_inside(s, head->e_phoff, (uint64_t)head->e_phnum * sizeof(Elf64_Phdr)) ||
        !dladdr((const void *)(uintptr_t)symbols_open, &info))
        return false;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(const void *)(s->file + head->e_phoff);
    for (size_t i = 0; i < head->e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD)
            continue;
        s->bias = (uintptr_t)info.dli_fbase - (segments[i].p_vaddr & ~(Elf64_Addr)4095);
        return true;
    }
    return false;
}

static bool find_rows(struct symbols *s, const Elf64_Ehdr *head)
{
    if (!is_inside(s, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(const void *)(s->file + head->e_shoff);
    for (size_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *rows = &sections[i];
        if (rows->sh_type != SHT_SYMTAB || rows->sh_link >= head->e_shnum)
            continue;
        const Elf64_Shdr *names = &sections[rows->sh_link];
        if (!is_inside(s, rows->sh_offset, rows->sh_size) ||
            !is_inside(s, names->sh_offset, names->sh_size))
            return false;
        s->rows = (const Elf64_Sym *)(const void *)(s->file + rows->sh_offset);
        s->count = rows->sh_size / sizeof(Elf64_Sym);
        s->names = s->file + names->sh_offset;
        s->names_size = names->sh_size;
        return s->names_size > 0 && s->names[s->names_size - 1] == '\0';
    }
    return false;
}

int symbols_open(struct symbols *ret_symbols)
{
    struct symbols s = { .file = NULL };
    *ret_symbols = s;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat about;
    void *file = MAP_FAILED;
    if (fstat(fd, &about) == 0 && about.st_size >= (off_t)sizeof(Elf64_Ehdr))
        file = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (file == MAP_FAILED)
        return -EIO;

    s.file = file;
    s.file_size = (size_t)about.st_size;
    const Elf64_Ehdr *head = file;
    if (!find_bias(&s, head) || !find_rows(&s, head)) {
        symbols_close(&s);
        return -ENOENT;
    }
    *ret_symbols = s;
    return 0;
}

void symbols_close(struct symbols *s)
{
    if (s->file)
        (void)munmap((void *)(uintptr_t)s->file, s->file_size);
    s->file = NULL;
}

bool symbols_find(const struct symbols *s, uintptr_t address, struct symbol *ret_symbol)
{
    if (!s->file)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const Elf64_Sym *row = &s->rows[i];
        uintptr_t start = s->bias + row->st_value;
        if (ELF64_ST_TYPE(row->st_info) != STT_FUNC || row->st_shndx == SHN_UNDEF ||
            address < start || address - start >= row->st_size || row->st_name >= s->names_size)
            continue;
        *ret_symbol = (struct symbol){ s->names + row->st_name, start, row->st_size };
        return true;
    }
    return false;
}
