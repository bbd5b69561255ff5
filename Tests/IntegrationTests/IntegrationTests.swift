import Testing

/// The whole command against a real server.
@Suite("The command")
enum IntegrationTests {}
