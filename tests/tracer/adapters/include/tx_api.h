/* ThreadX 6, as far as the adapter uses it. */
typedef unsigned int UINT;
typedef unsigned long ULONG;
typedef void VOID;
typedef unsigned char UCHAR;
typedef struct {
    UCHAR *tx_byte_pool_start;
    ULONG tx_byte_pool_size;
} TX_BYTE_POOL;
#define TX_SUCCESS 0U
