/* Loops over batches of small matrices, which NumPy does in several passes over complex arrays.

   Optional: callers of accumulation.states.compiled do without it.  Arrays arrive as contiguous
   buffers, complex numbers as pairs of doubles; only the lengths of buffers are looked at here,
   shapes by the callers.  The interpreter lock is released.  Only the stable interface of Python is
   used, so that one wheel serves all versions. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Loops are translated for processors with vectors of four doubles; on others the import fails, as
   matrix products of BLAS are faster there. */
#if defined(__x86_64__)
#define LOOPS __attribute__((target("avx2,fma")))
#define PROCESSOR (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define LOOPS
#define PROCESSOR 1
#endif
#define INLINE LOOPS static inline __attribute__((always_inline))

/* Four doubles, which compilers translate for any processor, and those with neighbours swapped. */
typedef double four __attribute__((vector_size(32)));
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLED(x, a, b, c, d) __builtin_shufflevector(x, x, a, b, c, d)
#else
typedef long long places __attribute__((vector_size(32)));
#define SHUFFLED(x, a, b, c, d) __builtin_shuffle(x, (places){a, b, c, d})
#endif
#define SWAPPED(x) SHUFFLED(x, 1, 0, 3, 2)

/* LAPACK's dsbevd, eigenpairs of a real symmetric band matrix, and BLAS's zgemm, a product. */
typedef void (*dsbevd_type)(char *, char *, int *, int *, double *, int *, double *, double *,
                            int *, double *, int *, int *, int *, int *);
typedef void (*zgemm_type)(char *, char *, int *, int *, int *, double *, double *, int *, double *,
                           int *, double *, double *, int *);

/* ---- of one k ---- */

INLINE four load(const double *from)
{
    four values;
    memcpy(&values, from, sizeof values);
    return values;
}

INLINE void store(double *to, four values)
{
    memcpy(to, &values, sizeof values);
}

/* Product (band) of elements first to last of a row and of vectors (orbital, band), all complex.
   Real and imaginary parts of the row multiply the vectors apart, so that registers hold
   neighbouring doubles as they come. */
INLINE void complex_row(const double *row, int first, int last, const double *vectors, int n,
                        double *product)
{
    const four signs = {-1, 1, -1, 1};
    int length = 2 * n, start = 0;
    for (; start + 16 <= length; start += 16) {
        four re[4] = {{0}}, im[4] = {{0}};
        for (int j = first; j < last; j++) {
            const double *u = vectors + (Py_ssize_t)j * length + start;
            for (int i = 0; i < 4; i++) {
                four values = load(u + 4 * i);
                re[i] += row[2 * j] * values;
                im[i] += row[2 * j + 1] * values;
            }
        }
        for (int i = 0; i < 4; i++)
            store(product + start + 4 * i, re[i] + signs * SWAPPED(im[i]));
    }
    for (; start < length; start += 2) {
        double re = 0, im = 0;
        for (int j = first; j < last; j++) {
            const double *u = vectors + (Py_ssize_t)j * length + start;
            re += row[2 * j] * u[0] - row[2 * j + 1] * u[1];
            im += row[2 * j] * u[1] + row[2 * j + 1] * u[0];
        }
        product[start] = re, product[start + 1] = im;
    }
}

/* The same of real arrays. */
INLINE void real_row(const double *row, int first, int last, const double *vectors, int n,
                     double *product)
{
    int start = 0;
    for (; start + 16 <= n; start += 16) {
        four sum[4] = {{0}};
        for (int j = first; j < last; j++)
            for (int i = 0; i < 4; i++)
                sum[i] += row[j] * load(vectors + (Py_ssize_t)j * n + start + 4 * i);
        for (int i = 0; i < 4; i++)
            store(product + start + 4 * i, sum[i]);
    }
    for (; start < n; start++) {
        double sum = 0;
        for (int j = first; j < last; j++)
            sum += row[j] * vectors[(Py_ssize_t)j * n + start];
        product[start] = sum;
    }
}

/* Row of the product of a kernel and vectors, whose numbers have 1 (real) or 2 parts. */
INLINE void product_row(int parts, int n, const int *reach, int row, const double *kernel,
                        const double *vectors, double *product)
{
    const double *elements = kernel + (Py_ssize_t)parts * n * row;
    int first = reach[2 * row], last = reach[2 * row + 1];
    if (parts == 1)
        real_row(elements, first, last, vectors, n, product);
    else
        complex_row(elements, first, last, vectors, n, product);
}

/* Re[u* v] of rows (band). */
INLINE void overlap_row(int parts, int n, const double *u, const double *v, double *result)
{
    if (parts == 1)
        for (int i = 0; i < n; i++)
            result[i] = u[i] * v[i];
    else
        for (int i = 0; i < n; i++)
            result[i] = u[2 * i] * v[2 * i] + u[2 * i + 1] * v[2 * i + 1];
}

LOOPS static void expectations_of(int parts, int n, const int *reach, const double *kernel,
                                  const double *vectors, double *result, double *space)
{
    double *overlaps = space + 2 * n;
    memset(result, 0, sizeof(double) * (size_t)n);
    for (int row = 0; row < n; row++) {
        product_row(parts, n, reach, row, kernel, vectors, space);
        overlap_row(parts, n, vectors + (Py_ssize_t)parts * n * row, space, overlaps);
        for (int i = 0; i < n; i++)
            result[i] += overlaps[i];
    }
}

/* With mixed, the polarizability is -Im[(K u)* m] - Im[u* K m]. */
LOOPS static void elements_of(int parts, int n, const int *reach, const double *kernel,
                              const double *vectors, const double *mixed, double *density,
                              double *polarizability, double *space)
{
    double *a = space, *w = space + 2 * n;
    for (int row = 0; row < n; row++) {
        const double *u = vectors + (Py_ssize_t)parts * n * row;
        product_row(parts, n, reach, row, kernel, vectors, a);
        overlap_row(parts, n, u, a, density + (Py_ssize_t)n * row);
        if (!mixed)
            continue;
        const double *m = mixed + (Py_ssize_t)2 * n * row;
        double *result = polarizability + (Py_ssize_t)n * row;
        product_row(parts, n, reach, row, kernel, mixed, w);
        for (int i = 0; i < n; i++)
            result[i] = (a[2 * i + 1] * m[2 * i] - a[2 * i] * m[2 * i + 1]) +
                        (u[2 * i + 1] * w[2 * i] - u[2 * i] * w[2 * i + 1]);
    }
}

LOOPS static void product_of(int n, const int *reach, const double *kernel, const double *vectors,
                             double *result)
{
    for (int row = 0; row < n; row++)
        product_row(2, n, reach, row, kernel, vectors, result + (Py_ssize_t)2 * n * row);
}

/* A complex matrix [row, column] over (e_column - e_row)^2, zero where the gap is below closest. */
LOOPS static void divide_by_squared_gaps(int n, const double *energy, double *matrix,
                                         double closest)
{
    for (int row = 0; row < n; row++, matrix += 2 * n)
        for (int column = 0; column < n; column++) {
            double gap = energy[column] - energy[row];
            gap = gap < closest && gap > -closest ? HUGE_VAL : gap;
            double over = 1.0 / gap;
            over *= over;
            matrix[2 * column] *= over;
            matrix[2 * column + 1] *= over;
        }
}

/* ---- of a batch, called from Python ---- */

/* How many pieces of so many doubles are in a buffer. */
static Py_ssize_t pieces(const Py_buffer *buffer, Py_ssize_t doubles)
{
    return doubles > 0 ? buffer->len / (Py_ssize_t)sizeof(double) / doubles : 0;
}

/* Memory for so many doubles if the buffers have the lengths given, in doubles; else an error. */
static double *space_for(Py_ssize_t doubles, const Py_buffer *buffers, const Py_ssize_t *lengths,
                         int count)
{
    for (int i = 0; i < count; i++)
        if (buffers[i].len != lengths[i] * (Py_ssize_t)sizeof(double)) {
            PyErr_SetString(PyExc_ValueError, "arrays do not fit together");
            return NULL;
        }
    double *space = malloc(sizeof(double) * (size_t)(doubles > 0 ? doubles : 1));
    if (!space)
        PyErr_NoMemory();
    return space;
}

/* The same for buffers of which the first has the columns (orbital, 2) where rows are not zero. */
static double *space_of_rows(Py_ssize_t doubles, const Py_buffer *buffers,
                             const Py_ssize_t *lengths, int count, int n)
{
    const int *reach = buffers[0].buf;
    int fits = buffers[0].len == 2 * (Py_ssize_t)sizeof(int) * n;
    for (int row = 0; fits && row < n; row++)
        fits = 0 <= reach[2 * row] && reach[2 * row + 1] <= n;
    if (fits)
        return space_for(doubles, buffers + 1, lengths, count - 1);
    PyErr_SetString(PyExc_ValueError, "rows reach beyond the matrix");
    return NULL;
}

static void release(Py_buffer *buffers, int count, double *space)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&buffers[i]);
    free(space);
}

/* band_eigenpairs(address of dsbevd, size, bandwidth, band, energy, vectors) -> info of LAPACK.
   band (k, column, 1 + bandwidth) is overwritten; vectors (k, orbital, band). */
static PyObject *band_eigenpairs(PyObject *self, PyObject *arguments)
{
    unsigned long long address;
    int n, width, info = 0;
    Py_buffer b[3];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "Kiiw*w*w*", &address, &n, &width, &b[0], &b[1], &b[2]))
        return NULL;
    Py_ssize_t square = (Py_ssize_t)n * n, points = pieces(&b[1], n);
    Py_ssize_t lengths[] = {points * n * (width + 1), points * n, points * square};
    int leading = width + 1, work_size = 1 + 5 * n + 2 * n * n, integers_size = 3 + 5 * n;
    /* Integers take half as much memory as doubles, at most. */
    double *space = space_for(work_size + square + integers_size, b, lengths, 3);
    if (!space) {
        release(b, 3, NULL);
        return NULL;
    }
    double *columns = space + work_size;
    int *integers = (int *)(columns + square);
    dsbevd_type dsbevd = (dsbevd_type)(uintptr_t)address;
    double *band = b[0].buf, *energy = b[1].buf, *vectors = b[2].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t k = 0; k < points && info == 0; k++, vectors += square) {
        dsbevd("V", "L", &n, &width, band + k * n * leading, &leading, energy + k * n, columns, &n,
               space, &work_size, integers, &integers_size, &info);
        for (int orbital = 0; orbital < n; orbital++)
            for (int state = 0; state < n; state++)
                vectors[orbital * (Py_ssize_t)n + state] = columns[state * (Py_ssize_t)n + orbital];
    }
    Py_END_ALLOW_THREADS
    release(b, 3, space);
    return PyLong_FromLong(info);
}

/* expectations(parts, size, reach, kernel, vectors, result): Re <n|K|n>, result (k, band), of a
   kernel (k, orbital, orbital) and vectors (k, orbital, band) whose numbers have 1 or 2 parts.
   reach (orbital, 2), ints: the first column and that after the last where a row is not zero. */
static PyObject *expectations(PyObject *self, PyObject *arguments)
{
    int parts, n;
    Py_buffer b[4];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "iiy*y*y*w*", &parts, &n, &b[0], &b[1], &b[2], &b[3]))
        return NULL;
    Py_ssize_t points = pieces(&b[3], n), matrix = parts * (Py_ssize_t)n * n;
    Py_ssize_t lengths[] = {points * matrix, points * matrix, points * n};
    double *space = space_of_rows(4 * (Py_ssize_t)n, b, lengths, 4, n);
    if (!space) {
        release(b, 4, NULL);
        return NULL;
    }
    const double *kernel = b[1].buf, *vectors = b[2].buf;
    double *result = b[3].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t k = 0; k < points; k++)
        expectations_of(parts, n, b[0].buf, kernel + k * matrix, vectors + k * matrix,
                        result + k * n, space);
    Py_END_ALLOW_THREADS
    release(b, 4, space);
    Py_RETURN_NONE;
}

/* row_elements(parts, size, reach, kernel, vectors, mixed, density, polarizability): density
   Re[u* K u] and polarizability -Im[(K u)* m] - Im[u* K m], (k, orbital, band), of arrays as above;
   m is mixed (k, orbital, band), complex.  Empty buffers for both m and the latter leave it out. */
static PyObject *row_elements(PyObject *self, PyObject *arguments)
{
    int parts, n;
    Py_buffer b[6];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "iiy*y*y*y*w*w*", &parts, &n, &b[0], &b[1], &b[2], &b[3],
                          &b[4], &b[5]))
        return NULL;
    Py_ssize_t square = (Py_ssize_t)n * n, all = pieces(&b[4], square) * square;
    Py_ssize_t interband = b[5].len > 0 ? all : 0;
    Py_ssize_t lengths[] = {parts * all, parts * all, 2 * interband, all, interband};
    double *space = space_of_rows(4 * (Py_ssize_t)n, b, lengths, 6, n);
    if (!space) {
        release(b, 6, NULL);
        return NULL;
    }
    const double *kernel = b[1].buf, *vectors = b[2].buf, *mixed = b[3].buf;
    double *density = b[4].buf, *polarizability = b[5].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t at = 0; at < all; at += square)
        elements_of(parts, n, b[0].buf, kernel + parts * at, vectors + parts * at,
                    interband ? mixed + 2 * at : NULL, density + at,
                    interband ? polarizability + at : NULL, space);
    Py_END_ALLOW_THREADS
    release(b, 6, space);
    Py_RETURN_NONE;
}

/* mixed_states(address of zgemm, size, reach, slope, energy, vectors, closest, result): the vectors
   times <n'|slope|n> / (e_n - e_n')^2, zero where the gap is below closest; result and vectors
   (k, orbital, band), slope (k, orbital, orbital), all complex, and energy (k, band). */
static PyObject *mixed_states(PyObject *self, PyObject *arguments)
{
    unsigned long long address;
    int n;
    double closest, one[] = {1, 0}, zero[] = {0, 0};
    Py_buffer b[5];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "Kiy*y*y*y*dw*", &address, &n, &b[0], &b[1], &b[2], &b[3],
                          &closest, &b[4]))
        return NULL;
    Py_ssize_t square = 2 * (Py_ssize_t)n * n, points = pieces(&b[4], square);
    Py_ssize_t lengths[] = {points * square, points * n, points * square, points * square};
    double *space = space_of_rows(2 * square, b, lengths, 5, n);
    if (!space) {
        release(b, 5, NULL);
        return NULL;
    }
    zgemm_type zgemm = (zgemm_type)(uintptr_t)address;
    double *applied = space, *mixing = space + square, *vectors = b[3].buf, *result = b[4].buf;
    const double *slope = b[1].buf, *energy = b[2].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t k = 0; k < points; k++, vectors += square) {
        product_of(n, b[0].buf, slope + k * square, vectors, applied);
        /* Rows here are columns of BLAS: these are u+ V u, and then u times it, transposed. */
        zgemm("N", "C", &n, &n, &n, one, applied, &n, vectors, &n, zero, mixing, &n);
        divide_by_squared_gaps(n, energy + k * n, mixing, closest);
        zgemm("N", "N", &n, &n, &n, one, mixing, &n, vectors, &n, zero, result + k * square, &n);
    }
    Py_END_ALLOW_THREADS
    release(b, 5, space);
    Py_RETURN_NONE;
}

/* Elements of the products of one row of x and one column of y, complex, each of both an array over
   the batch: count pairs of numbers from one place of the batch on.  Every number is the result of
   the same operations, wherever it stands in the batch. */
INLINE void row_times_column(int size, Py_ssize_t length, const double *row, const double *column,
                             int count, double *result)
{
    const four signs = {-1, 1, -1, 1};
    four re[4] = {{0}}, im[4] = {{0}};
    for (int j = 0; j < size; j++)
        for (int i = 0; i < count; i++) {
            four x = load(row + j * length + 4 * i), y = load(column + j * size * length + 4 * i);
            re[i] += SHUFFLED(x, 0, 0, 2, 2) * y;
            im[i] += SHUFFLED(x, 1, 1, 3, 3) * y;
        }
    for (int i = 0; i < count; i++)
        store(result + 4 * i, re[i] + signs * SWAPPED(im[i]));
}

/* Products of matrices x and y (size, size, batch), as result; length is twice the batch, even. */
LOOPS static void batch_product(int size, Py_ssize_t length, const double *x, const double *y,
                                double *result)
{
    /* Parts of the batch of which both matrices fit the first cache. */
    const Py_ssize_t tile = 64;
    for (Py_ssize_t start = 0; start < length; start += tile) {
        Py_ssize_t end = start + tile < length ? start + tile : length;
        for (int i = 0; i < size; i++)
            for (int k = 0; k < size; k++) {
                Py_ssize_t at = start;
                const double *row = x + i * size * length, *column = y + k * length;
                double *out = result + (i * size + k) * length;
                for (; at + 16 <= end; at += 16)
                    row_times_column(size, length, row + at, column + at, 4, out + at);
                for (; at < end; at += 4)
                    row_times_column(size, length, row + at, column + at, 1, out + at);
            }
    }
}

/* products(size, batch, x, y, result): matrices x y (..., size, size, batch), complex, the batch
   even; x or y may be one matrix only, which multiplies all of the other. */
static PyObject *products(PyObject *self, PyObject *arguments)
{
    int n;
    Py_ssize_t batch;
    Py_buffer b[3];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "iny*y*w*", &n, &batch, &b[0], &b[1], &b[2]))
        return NULL;
    Py_ssize_t one = 2 * batch * n * n, count = pieces(&b[2], one);
    Py_ssize_t steps[2];
    int fits = batch % 2 == 0 && b[2].len == (Py_ssize_t)sizeof(double) * count * one;
    for (int i = 0; fits && i < 2; i++) {
        Py_ssize_t matrices = pieces(&b[i], one);
        steps[i] = matrices == 1 ? 0 : one;
        fits = (matrices == 1 || matrices == count) &&
               b[i].len == (Py_ssize_t)sizeof(double) * matrices * one;
    }
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "arrays do not fit together");
        release(b, 3, NULL);
        return NULL;
    }
    const double *x = b[0].buf, *y = b[1].buf;
    double *result = b[2].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t m = 0; m < count; m++)
        batch_product(n, 2 * batch, x + m * steps[0], y + m * steps[1], result + m * one);
    Py_END_ALLOW_THREADS
    release(b, 3, NULL);
    Py_RETURN_NONE;
}

/* reflect(size, order, sign, array, first, last): array[-1 - k, i] = sign array[k, order[i]] for k
   from first to before last; array (k, size, size), real, order (size,) of ints. */
static PyObject *reflect(PyObject *self, PyObject *arguments)
{
    int n;
    double sign;
    Py_ssize_t first, last;
    Py_buffer b[2];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "iy*dw*nn", &n, &b[0], &sign, &b[1], &first, &last))
        return NULL;
    Py_ssize_t square = (Py_ssize_t)n * n, points = pieces(&b[1], square);
    const int *order = b[0].buf;
    int fits = b[0].len == (Py_ssize_t)sizeof(int) * n && 0 <= first && last <= points;
    for (int i = 0; fits && i < n; i++)
        fits = 0 <= order[i] && order[i] < n;
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "arrays do not fit together");
        release(b, 2, NULL);
        return NULL;
    }
    double *array = b[1].buf;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t k = first; k < last; k++)
        for (int row = 0; row < n; row++) {
            const double *source = array + k * square + (Py_ssize_t)n * order[row];
            double *target = array + (points - 1 - k) * square + (Py_ssize_t)n * row;
            for (int i = 0; i < n; i++)
                target[i] = sign * source[i];
        }
    Py_END_ALLOW_THREADS
    release(b, 2, NULL);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"band_eigenpairs", band_eigenpairs, METH_VARARGS, NULL},
    {"expectations", expectations, METH_VARARGS, NULL},
    {"row_elements", row_elements, METH_VARARGS, NULL},
    {"mixed_states", mixed_states, METH_VARARGS, NULL},
    {"products", products, METH_VARARGS, NULL},
    {"reflect", reflect, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* SOURCE, given by setup.py, is a hash of this file. */
static int set_constants(PyObject *module)
{
    return PyModule_AddStringConstant(module, "SOURCE", SOURCE);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, set_constants}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "accumulation.states._compiled", NULL, 0, methods, slots, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__compiled(void)
{
    if (!PROCESSOR) {
        PyErr_SetString(PyExc_ImportError, "this processor has no AVX2 or no FMA");
        return NULL;
    }
    return PyModuleDef_Init(&definition);
}
