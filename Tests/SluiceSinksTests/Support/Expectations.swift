import Testing

@testable import SluiceSinks

/// Expects a sink's error with a code and all the given words in its message.
func expectFailure<Result>(
    _ code: SinkError.Code,
    _ words: String...,
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
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
