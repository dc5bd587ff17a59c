/* First bytes of lengths and strings (writer.h), for both directions. */
#ifndef CODEC_CODEC_PRIV_H
#define CODEC_CODEC_PRIV_H

enum {
    LEN_14 = 0x40,
    LEN_32 = 0x80,
    LEN_64 = 0x81,
    STRING_INT8 = 0xc0,
    STRING_INT16 = 0xc1,
    STRING_INT32 = 0xc2,
    STRING_LZF = 0xc3,
};

#endif
