Feature: Return to the vendor
  Goods sent back to the vendor leave at the cost of the receipt they came in by, if the return names it; else at the
  cost of what came in first.

  Scenario: A return that names its receipt, and one that does not
    Microsoft Dynamics 365 Business Central, design details: item application (case 30). Costs are totals for 10 units.

    Given goods kept oldest first
    And the parts linked, unlinked
    And these receipts costed in total
      | document | date       | part     | quantity | total cost |
      | A1       | 2026-01-04 | linked   | 10       | 10.00      |
      | A2       | 2026-01-05 | linked   | 10       | 20.00      |
      | B1       | 2026-01-04 | unlinked | 10       | 10.00      |
      | B2       | 2026-01-05 | unlinked | 10       | 20.00      |
    And these vendor returns
      | number | date       | part     | quantity | document |
      | A3     | 2026-01-06 | linked   | 10       | A2       |
      | B3     | 2026-01-06 | unlinked | 10       |          |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | document | quantity | cost moved |
      | A3     | A2       | 10       | 20.00      |
      | B3     | B1       | 10       | 10.00      |
    And the goods on hand are
      | document | remaining | value |
      | A1       | 10        | 10.00 |
      | B2       | 10        | 20.00 |
    And every tie-out holds
