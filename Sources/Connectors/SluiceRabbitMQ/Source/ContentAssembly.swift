/// Puts a message together from its frames: method, header, and as many bodies as its size needs.
///
/// Pure. What does not belong together is refused, for the library checks single frames only.
struct ContentAssembly<Head> {
    /// Frames that do not follow each other.
    struct Disorder: Error {}

    /// A whole message.
    struct Content {
        var head: Head
        var properties: [String: String]
        var body: [UInt8]
    }

    private enum State {
        case idle
        case header(Head)
        case body(Content, missing: UInt64)
    }

    private var state = State.idle

    /// A message begins.
    mutating func begin(_ head: Head) throws(Disorder) {
        guard case .idle = state else { throw Disorder() }
        state = .header(head)
    }

    /// Its header has come.
    ///
    /// - Returns: The message, if it has no body.
    mutating func header(size: UInt64, _ properties: [String: String]) throws(Disorder) -> Content? {
        guard case .header(let head) = state else { throw Disorder() }
        let content = Content(head: head, properties: properties, body: [])
        state = size == 0 ? .idle : .body(content, missing: size)
        return size == 0 ? content : nil
    }

    /// A part of its body has come.
    ///
    /// - Returns: The message, if this was the last.
    mutating func body(_ bytes: [UInt8]) throws(Disorder) -> Content? {
        guard case .body(var content, let missing) = state, UInt64(bytes.count) <= missing else { throw Disorder() }
        state = .idle
        if content.body.isEmpty { content.body = bytes } else { content.body += bytes }
        if UInt64(bytes.count) == missing { return content }
        state = .body(content, missing: missing - UInt64(bytes.count))
        return nil
    }
}
