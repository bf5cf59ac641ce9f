#include <stdint.h>
#include <string.h>

#define BLOCK 1024

/* One tap at a time over a block of samples that stays in the cache. */
void fir(const float *restrict signal, const float *restrict taps, float *restrict filtered, int64_t n, int64_t m) {
  memset(filtered, 0, (size_t)n * sizeof *filtered);
  for (int64_t start = 0; start < n; start += BLOCK) {
    const int64_t end = start + BLOCK < n ? start + BLOCK : n;
    for (int64_t k = 0; k < m && k < end; k++) {
      const float tap = taps[k];
      for (int64_t i = start > k ? start : k; i < end; i++) filtered[i] += tap * signal[i - k];
    }
  }
}
