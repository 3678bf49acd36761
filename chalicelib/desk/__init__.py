"""Who answers: agents, their capacity and presence, the conversations that wait for them, and which of them is best."""
