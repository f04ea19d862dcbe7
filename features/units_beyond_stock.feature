Feature: Units sold beyond stock are shown until a receipt supplies them
  Goods are handed over before their receipt is booked. Nothing is wrong with the sale, and what it costs is not known yet; so
  who closes the month is told how many units wait, and what they are worth at the last price.

  Scenario: Two of twelve lamps wait for the next receipt
    Ten came in at 26 and twelve were sold: two wait, 2 x 26 = 52.00 at the last price. Once five more are received at 30,
    two of them supply the sale and nothing waits.

    Given goods kept sales wait
    And the parts lamp
    And these receipts
      | document | date       | part | quantity | unit cost |
      | R-1      | 2026-01-05 | lamp | 10       | 26        |
    And these sales
      | number | date       | part | quantity |
      | S-1    | 2026-01-10 | lamp | 12       |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the exceptions of FY2026-P01 are
      | of                 | where | value | severity | outcomes | state | sentence                                                                             |
      | units beyond stock | OWN, lamp | 52    | high     | oversell | open  | 2 units sold beyond stock wait for the next receipt, 52.00 USD at the last price |
    When these receipts become known
      | document | date       | part | quantity | unit cost |
      | R-2      | 2026-01-20 | lamp | 5        | 30        |
    And what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed on trial
    Then the exceptions of FY2026-P01 are
      | of | where | state |
