import Glibc

/// Makes a path independent of the working folder, so that it names the same file in each run.
///
/// Symbolic links among the folders are followed where they exist; the last part is kept as it is.
///
/// - Parameter path: An absolute path, or one relative to the working folder.
/// - Returns: An absolute path.
func absolutePath(_ path: String) -> String {
    let slash = path.lastIndex(of: "/")
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard name != ".", name != "..", let resolved = realPath(folder) else {
        return path.hasPrefix("/") ? path : [realPath(".") ?? ".", path].joined(separator: "/")
    }
    return resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
}

private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
