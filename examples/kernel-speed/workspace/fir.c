#include <stdint.h>

/* A filter of m taps over a signal of n samples; before its first sample the signal is 0. */
void fir(const float *signal, const float *taps, float *filtered, int64_t n, int64_t m) {
  for (int64_t i = 0; i < n; i++) {
    float sum = 0;
    for (int64_t k = 0; k < m && k <= i; k++) sum += taps[k] * signal[i - k];
    filtered[i] = sum;
  }
}
