/// The cluster of a test, or its reader, did not do what was asked.
package struct ClusterFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
