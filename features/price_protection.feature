Feature: Price protection
  When our list price falls, the contract makes good the difference on the units a partner still holds. Revenue of what
  it has sold stays as it was.

  Scenario: Thirty of a hundred units are unsold when the price falls from 800 to 700
    IBM Research, "Inventory management under price protection" (case 51).

    Given a channel kept by the standard
    And these partners
      | partner | model  | price protected |
      | DEALER  | resale | yes             |
    And this price book
      | part   | from       | list price |
      | SERVER | 2026-01-01 | 800        |
    And these shipments
      | invoice | shipped    | received   | partner | part   | quantity | unit price |
      | order   | 2026-01-05 | 2026-01-07 | DEALER  | SERVER | 100      | 800        |
    And these resales
      | number | date       | partner | part   | quantity | reported for | received   |
      | sold   | 2026-01-12 | DEALER  | SERVER | 70       | FY2026-P01   | 2026-01-31 |
    And these price changes
      | part   | date       | new price |
      | SERVER | 2026-01-20 | 700       |
    And these stock reports
      | partner | part   | date       | quantity |
      | DEALER  | SERVER | 2026-01-31 | 30       |
    When what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed on trial
    Then the stock is
      | expected | reported | variance |
      | 30       | 30       | 0        |
    And the deferred layers are
      | document | remaining | unit price | value  |
      | order    | 30        | 700        | 21,000 |
    And the deferred income is
      | role             | movement               | amount  |
      | deferred-revenue | defer-on-shipment      | 80,000  |
      | deferred-revenue | recognise-sell-through | -56,000 |
      | deferred-revenue | protect-price          | -3,000  |
      | deferred-revenue | closing                | 21,000  |
    And the journal posts
      | title             | debit  | credit |
      | Trade receivables | 80,000 | 3,000  |
      | Deferred revenue  | 59,000 | 80,000 |
      | Product revenue   | 0      | 56,000 |
    And every tie-out holds
