Feature: Books side by side
  The same shipments, resales and counts are told in several books: revenue when goods are sold in, with the concessions to
  come estimated; when they are reported as sold through; and when a count says they must have been. One book posts.

  Scenario: Two months in four books, and what lies between them
    Worked by hand. A hundred units at a list price of 10 that cost 6 (5 to the group): 40 are resold in January at a credit
    of 2 each; the partner holds 58, so two more must have been sold.
      sold in:       1,000 - 80 granted - 20% of the 600 still held = 800
      sold through:  40 x 10 - 80 = 320;  with the two that are missing 340
      between them:  60 units at a net price of 8 = 480
      the group:     60 x (6 - 5) = 60 of profit is still inside

    Given books told side by side
    And these parts
      | part | group cost |
      | X    | 5          |
    And these shipments
      | company | document | date       | partner | part | quantity | list price | standard cost |
      | CO      | S-1      | 2026-01-05 | ACME    | X    | 100      | 10         | 6             |
    And these resales
      | company | document | date       | partner | part | quantity | credit |
      | CO      | R-1      | 2026-01-20 | ACME    | X    | 40       | 2      |
    And these stock reports
      | company | as of      | partner | part | quantity |
      | CO      | 2026-01-31 | ACME    | X    | 58       |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the books have earned
      | title           | sell-in | sell-through-reported | sell-through-adjusted | group |
      | Product revenue | 800     | 320                   | 340                   | 800   |
      | Cost of sales   | -600    | -240                  | -252                  | -660  |
    And the journal posts
      | title                   | debit | credit |
      | Trade receivables       | 1,000 | 80     |
      | Finished goods          | 0     | 600    |
      | Concessions not claimed | 0     | 120    |
      | Product revenue         | 200   | 1,000  |
      | Cost of sales           | 600   | 0      |
    And every tie-out holds
    And a tie-out says "ahead-of-resale is channel-at-net-price: 480.00 against 480.00"

    # February ships 100 at 12 and resells 70: the 60 left at 10, and 10 at 12. At 2.50 each 175 are granted.
    #   sold in:       1,200 - 175 + 120 of reserve no longer needed - 20% of 90 x 12 = 929
    #   sold through:  600 + 120 - 175 = 545;  two of the 60 were counted in January: 580 + 144 - 175 = 549
    #   between them:  480 + 929 - 545 = 864, which is 90 units at a net price of 9.60
    When these shipments become known
      | company | document | date       | partner | part | quantity | list price | standard cost |
      | CO      | S-2      | 2026-02-05 | ACME    | X    | 100      | 12         | 6             |
    And these resales become known
      | company | document | date       | partner | part | quantity | credit |
      | CO      | R-2      | 2026-02-20 | ACME    | X    | 70       | 2.50   |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the books have earned
      | title           | sell-in | sell-through-reported | sell-through-adjusted | group |
      | Product revenue | 929     | 545                   | 549                   | 929   |
      | Cost of sales   | -600    | -420                  | -420                  | -630  |
    And the revenue by book are
      | sell in revenue | sell through revenue | adjusted revenue | ahead of resale | channel at net price |
      | 1,729           | 865                  | 889              | 864             | 864                  |
    And a tie-out says "ahead-of-resale is channel-at-net-price: 864.00 against 864.00"
    And every tie-out holds

    # What waits is shown gross, and net as the margin that is deferred; the movements of both lead from one month's end to
    # the next.
    And the presentation of sell-through-reported is
      | gross deferred revenue | gross deferred costs | net deferred income |
      | 1,080                  | 540                  | 540                 |
    And the deferral of sell-through-reported is
      | role             | movement          | amount |
      | deferred-revenue | opening           | 600    |
      | deferred-revenue | defer-on-shipment | 1,200  |
      | deferred-revenue | recognise         | -545   |
      | deferred-revenue | concede-deferred  | -175   |
      | deferred-revenue | closing           | 1,080  |
      | deferred-cost    | opening           | 360    |
      | deferred-cost    | defer-on-shipment | 600    |
      | deferred-cost    | recognise         | -420   |
      | deferred-cost    | closing           | 540    |

    # A line of another book is explained as one of the book that posts.
    When somebody asks what is behind "credit Product revenue" in book sell-through-adjusted
    Then the rows behind it are
      | row of resales |
      | 2              |
