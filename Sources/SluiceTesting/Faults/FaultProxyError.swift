internal import Foundation

/// A proxy could not be started.
public struct FaultProxyError: Error, CustomStringConvertible {
    /// What the system refused, and why.
    public let description: String

    init(_ what: String, errno code: Int32) {
        description = "\(what): \(String(cString: strerror(code)))."
    }
}
