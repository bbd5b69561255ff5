/// What is asked of a server.
package struct HTTPRequest: Sendable {
    /// The method's name.
    package var method: String
    /// The whole URL, without a fragment.
    package var url: String
    /// Names and values, in the order in which they are sent.
    package var headers: [HTTPField]
    /// The content; nothing is sent if it is empty.
    package var body: [UInt8]

    /// Makes a request.
    package init(_ method: String, _ url: String, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A header's name and value.
package struct HTTPField: Hashable, Sendable {
    /// The name, in any case.
    package var name: String
    /// The value.
    package var value: String

    /// Makes a field.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What a server answered.
package struct HTTPAnswer: Sendable {
    /// The status code.
    package var status: Int
    /// Names and values in the order in which they came.
    package var headers: [HTTPField]
    /// The beginning of the content.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the first header of a name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}
