/* The loop of `trio_chat.server.fanout` in C: a call of the system for each member, and little else.

   What it does, and in which order, is what `send_to_all_in_python` there does; a test compares the
   two. What is saved is the way to the `send` of a socket: its arguments, its result as an object,
   and the release of the lock of the interpreter, which a call that never waits does not need.

   Most of what is left is memory that no cache has: the kernel's work for one member drives out the
   objects of the next ones. So those of some members are fetched together, before the first of them
   gets anything. That decides nothing: all is read again when its turn comes.

   A descriptor is read from its socket right before the call of the system, with that lock held
   and no Python code in between. So it is never that of a socket that has been closed. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Python ignores SIGPIPE */
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

enum { AHEAD = 16, LINE = 64 };

static PyTypeObject *session_type, *outbox_type;
static PyCFunction socket_send, socket_fileno; /* of _socket.socket */
static PyObject *text_sink, *text_send_raw, *text_send, *keywords;

/* Return an attribute whose look-up runs no Python code, that of a slot; or NULL. */
static PyObject *slot(PyObject *object, PyTypeObject *type, PyObject *name)
{
    if (object == NULL || !Py_IS_TYPE(object, type))
        return NULL;
    PyObject *value = PyObject_GetAttr(object, name);
    if (value == NULL)
        PyErr_Clear();
    return value;
}

static void fetch(const void *object, Py_ssize_t size)
{
    for (Py_ssize_t at = 0; at < size; at += LINE)
        FETCH((const char *)object + at);
}

/* Fetch what the next sends need. Each step asks for all members at once, and waits for none. */
static void fetch_ahead(PyObject **sessions, Py_ssize_t count)
{
    PyObject *sinks[AHEAD], *sends[AHEAD];
    for (Py_ssize_t i = 0; i < count; i++)
        fetch(sessions[i], session_type->tp_basicsize);
    for (Py_ssize_t i = 0; i < count; i++) {
        sinks[i] = slot(sessions[i], session_type, text_sink);
        if (sinks[i] != NULL)
            fetch(sinks[i], outbox_type->tp_basicsize);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        sends[i] = slot(sinks[i], outbox_type, text_send_raw);
        if (sends[i] != NULL)
            FETCH(sends[i]);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (sends[i] != NULL && PyCFunction_CheckExact(sends[i]))
            FETCH(PyCFunction_GET_SELF(sends[i]));
        Py_XDECREF(sends[i]);
        Py_XDECREF(sinks[i]);
    }
}

/* Return how many bytes a bound `send` of a socket has sent, 0 for an error; -1 with an exception
   set. */
static Py_ssize_t send_to_socket(PyObject *send_raw, PyObject *data)
{
    PyObject *number = socket_fileno(PyCFunction_GET_SELF(send_raw), NULL);
    if (number == NULL)
        return -1;
    long descriptor = PyLong_AsLong(number);
    Py_DECREF(number);
    if (descriptor == -1) { /* closed, or an exception */
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_ssize_t taken = send((int)descriptor, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
    return taken < 0 ? 0 : taken;
}

/* The same for anything else that can be called. */
static Py_ssize_t send_to_other(PyObject *send_raw, PyObject *data)
{
    PyObject *result = PyObject_CallOneArg(send_raw, data);
    if (result == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_OSError))
            return -1;
        PyErr_Clear();
        return 0;
    }
    Py_ssize_t taken = PyLong_AsSsize_t(result);
    Py_DECREF(result);
    if (taken < 0 && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "less than no bytes were sent");
    return taken;
}

/* Give the sink what its socket has not taken; return 0, or -1 with an exception set. */
static int give_rest(PyObject *sink, PyObject *data, Py_ssize_t taken, PyObject *is_reply)
{
    PyObject *rest = PySequence_GetSlice(data, taken, PY_SSIZE_T_MAX);
    if (rest == NULL)
        return -1;
    PyObject *arguments[] = {sink, rest, is_reply};
    PyObject *result = PyObject_VectorcallMethod(text_send, arguments, 2, keywords);
    Py_DECREF(rest);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int send_to_one(PyObject *session, PyObject *data, PyObject *is_reply)
{
    Py_ssize_t taken = 0;
    int code = -1, is_done = 0;
    PyObject *sink = PyObject_GetAttr(session, text_sink);
    if (sink == NULL)
        return -1;
    PyObject *send_raw = PyObject_GetAttr(sink, text_send_raw);
    if (send_raw == NULL)
        goto end;
    if (send_raw != Py_None) {
        int is_socket = PyCFunction_CheckExact(send_raw)
                        && PyCFunction_GET_FUNCTION(send_raw) == socket_send;
        taken = is_socket ? send_to_socket(send_raw, data) : send_to_other(send_raw, data);
        is_done = taken == PyBytes_GET_SIZE(data);
    }
    if (taken >= 0)
        code = is_done ? 0 : give_rest(sink, data, taken, is_reply);
end:
    Py_XDECREF(send_raw);
    Py_DECREF(sink);
    return code;
}

static PyObject *send_to_all(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3 || !(PyTuple_Check(arguments[0]) || PyList_Check(arguments[0]))
        || !PyBytes_CheckExact(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "a list or tuple, bytes and a bool are needed");
        return NULL;
    }
    PyObject *sessions = arguments[0];
    Py_ssize_t fetched = 0;
    /* The list may be another one after each call: a sink that ends a session runs any code. */
    for (Py_ssize_t index = 0; index < PySequence_Fast_GET_SIZE(sessions); index++) {
        if (index >= fetched) {
            Py_ssize_t left = PySequence_Fast_GET_SIZE(sessions) - index;
            if (left > 1) /* alone it would be fetched no earlier */
                fetch_ahead(PySequence_Fast_ITEMS(sessions) + index, left < AHEAD ? left : AHEAD);
            fetched = index + AHEAD;
        }
        PyObject *session = PySequence_Fast_GET_ITEM(sessions, index);
        Py_INCREF(session);
        int code = send_to_one(session, arguments[1], arguments[2]);
        Py_DECREF(session);
        if (code < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

/* Return the C function of a method of `_socket.socket`, which takes arguments as the flags say, 0
   for any way; NULL with an exception set. */
static PyCFunction method(PyObject *type, const char *name, int flags)
{
    PyCFunction found = NULL;
    PyObject *descriptor = PyObject_GetAttrString(type, name);
    if (descriptor == NULL)
        return NULL;
    if (Py_IS_TYPE(descriptor, &PyMethodDescr_Type)) {
        PyMethodDef *definition = ((PyMethodDescrObject *)descriptor)->d_method;
        if (flags == 0 || definition->ml_flags == flags)
            found = definition->ml_meth;
    }
    Py_DECREF(descriptor);
    if (found == NULL)
        PyErr_Format(PyExc_ImportError, "the %s of sockets is of an unknown kind", name);
    return found;
}

/* Return a class of a module; NULL with an exception set. */
static PyObject *class(const char *module, const char *name)
{
    PyObject *found = NULL, *imported = PyImport_ImportModule(module);
    if (imported != NULL)
        found = PyObject_GetAttrString(imported, name);
    Py_XDECREF(imported);
    if (found != NULL && !PyType_Check(found)) {
        PyErr_Format(PyExc_ImportError, "%s of %s is not a class", name, module);
        Py_CLEAR(found);
    }
    return found;
}

static PyMethodDef functions[] = {
    {"send_to_all", (PyCFunction)(void (*)(void))send_to_all, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_fanout", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit__fanout(void)
{
    PyObject *socket_type = class("_socket", "socket");
    if (socket_type == NULL)
        return NULL;
    socket_send = method(socket_type, "send", 0); /* compared, never called */
    socket_fileno = socket_send ? method(socket_type, "fileno", METH_NOARGS) : NULL;
    Py_DECREF(socket_type);
    if (socket_fileno == NULL
        || !(session_type = (PyTypeObject *)class("trio_chat.chat.users", "Session"))
        || !(outbox_type = (PyTypeObject *)class("trio_chat.server.outbox", "Outbox"))
        || !(text_sink = PyUnicode_InternFromString("sink"))
        || !(text_send_raw = PyUnicode_InternFromString("send_raw"))
        || !(text_send = PyUnicode_InternFromString("send"))
        || !(keywords = Py_BuildValue("(s)", "is_reply")))
        return NULL;
    return PyModule_Create(&definition);
}
