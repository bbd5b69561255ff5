package import SluiceSinks
package import Testing

/// Expects a sink's error with a code and all the given words in its message.
package func expectFailure<Result>(
    _ code: SinkError.Code,
    _ words: String...,
    without secrets: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async {
    do {
        _ = try await body()
        Issue.record("Nothing was thrown.", sourceLocation: sourceLocation)
    } catch let error as SinkError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
        }
        for secret in secrets {
            #expect(!error.message.contains(secret), "\(error)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
