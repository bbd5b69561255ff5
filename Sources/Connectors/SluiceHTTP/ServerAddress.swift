/// A URL's scheme, host, port and path.
package struct ServerAddress: Hashable, Sendable {
    /// Whether it is `https:` and not `http:`.
    package var isSecure: Bool
    /// The host in small letters, an IPv6 address in brackets.
    package var host: String
    /// Host and, if there is one, port, as they go into the `Host` header.
    package var authority: String
    /// Begins with a slash.
    package var path: String

    /// Reads a URL; `nil` if it is none, names a user, or has a query or a fragment.
    package init?(_ url: String) {
        let rest: Substring
        if url.hasPrefix("https://") {
            isSecure = true
            rest = url.dropFirst("https://".count)
        } else if url.hasPrefix("http://") {
            isSecure = false
            rest = url.dropFirst("http://".count)
        } else {
            return nil
        }
        // Everything that has no business in a URL: it would end up in a header.
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains(where: { "?#@\\\"<>".contains($0) }) else {
            return nil
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        authority = rest[..<slash].lowercased()
        path = slash == rest.endIndex ? "/" : String(rest[slash...])
        var name = authority[...]
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard let port = Int(name[name.index(after: colon)...]), (1...65535).contains(port) else { return nil }
            name = name[..<colon]
        }
        guard !name.isEmpty else { return nil }
        host = String(name)
    }

    /// Scheme, host and port.
    package var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }
}
