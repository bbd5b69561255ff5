#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// As many handlers as there are, so that one half may wait for others while the other half works.
@usableFromInline let twiceTheCores = 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
